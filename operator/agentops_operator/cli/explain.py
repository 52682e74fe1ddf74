"""`agentops explain pod`: why a pod got the sidecar or not."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.cli import exits, paths
from agentops_operator.cli.command import Command, Group
from agentops_operator.cli.explanation import explain as explanation_of
from agentops_operator.cli.options import cluster_options, operator_namespace_option
from agentops_operator.cli.output import as_json, as_yaml, output_option
from agentops_operator.cli.pod_facts import Explanation, Mark, PodFacts, Step
from agentops_operator.cli.tree import Branch, lines
from agentops_operator.runtime.parse import parse

if TYPE_CHECKING:
    from agentops_operator.cli.cluster import Cluster

MARKS = {Mark.YES: "✓", Mark.NO: "✗", Mark.UNKNOWN: "?"}
INJECTION = "agentops-inject"


@click.group(cls=Group, examples=("agentops explain pod billing-7d4b9c-x2x -n shop",))
def explain() -> None:
    """Tell why something is as it is."""


@explain.command(
    cls=Command,
    examples=(
        "agentops explain pod billing-7d4b9c-x2x -n shop",
        "kubectl get pods -n shop -o name | xargs -n1 agentops explain pod -n shop",
    ),
)
@click.argument("pod")
@cluster_options
@operator_namespace_option
@output_option()
def pod(
    pod: str, kubeconfig: str | None, context: str | None, namespace: str | None, operator_namespace: str, output: str
) -> None:
    """Tell why POD got the sidecar or not, check by check, and what to do.

    The checks are those of admission: keys of the pod, entries of the injection index, labels, opt-out and conflicts.
    Exits with 1 when the pod carries no sidecar.
    """
    from agentops_operator.cli.cluster import connect  # the client library takes a second to load

    cluster = connect(kubeconfig, context, namespace)
    answer = explanation_of(facts_of(cluster, pod.removeprefix("pod/"), operator_namespace))
    match output:
        case "json":
            click.echo(as_json(asdict(answer)))
        case "yaml":
            click.echo(as_yaml(asdict(answer)), nl=False)
        case _:
            _print(f"Pod {cluster.namespace}/{pod.removeprefix('pod/')}", answer)
    sys.exit(exits.OK if answer.injected else exits.FINDINGS)


def facts_of(cluster: "Cluster", name: str, operator_namespace: str) -> PodFacts:
    """Reads what an explanation needs; what the user may not read is left open."""
    namespace = cluster.namespace
    found = cluster.readable(paths.core("pods", namespace, name))
    if not found:
        raise exits.Usage(f"pod {namespace}/{name} does not exist, or you may not read it")
    home = cluster.readable(paths.core("namespaces", name=namespace))
    index = cluster.readable(paths.index(namespace)) or {}
    parsed = [parse(AGENT, body) for body in cluster.readable_list(paths.ours("Agent", namespace)) or []]
    return PodFacts(
        pod=found,
        namespace_labels=None if home is None else home.get("metadata", {}).get("labels", {}),
        index=index.get("agents") or {},
        bound=switched_on(cluster.readable_list(paths.BINDINGS), cluster.readable_list(paths.WEBHOOKS)),
        agents=tuple(item for item in parsed if isinstance(item, Resource)),
        operator_namespace=operator_namespace,
    )


def switched_on(bindings: list[dict[str, Any]] | None, webhooks: list[dict[str, Any]] | None) -> bool | None:
    """Whether injection is switched on: by the policy's binding, or by the webhook of an older cluster; None when unreadable."""
    names = [str(item["spec"].get("policyName", "")) for item in bindings or []]
    names += [str(item["metadata"]["name"]) for item in webhooks or []]
    if any(name.startswith(INJECTION) for name in names):
        return True
    return None if bindings is None or webhooks is None else False


def _print(title: str, answer: Explanation) -> None:
    click.echo(f"{title}: {answer.verdict}")
    if answer.mend:
        click.echo(answer.mend)
    root = Branch("checks", below=tuple(_branch(one) for one in answer.steps))
    for line in lines(root):
        click.echo(line)


def _branch(one: Step) -> Branch:
    return Branch(one.text, MARKS[one.mark], tuple(_branch(inner) for inner in one.below))
