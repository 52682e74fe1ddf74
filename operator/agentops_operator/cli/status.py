"""`agentops status`: what is in force, with the evidence."""

import sys
from typing import TYPE_CHECKING, Any

import click

from agentops_operator.agent.facts import Pod, Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.cli import exits, paths
from agentops_operator.cli.command import Command
from agentops_operator.cli.options import cluster_options
from agentops_operator.cli.output import as_json, as_yaml, output_option
from agentops_operator.cli.overview import Objects, report, tree
from agentops_operator.cli.tree import lines
from agentops_operator.policies import POLICIES
from agentops_operator.runtime.parse import parse, parse_pod

if TYPE_CHECKING:
    from agentops_operator.cli.cluster import Cluster


@click.command(
    cls=Command,
    examples=(
        "agentops status",
        "agentops status billing -n shop",
        "agentops status -A -o json",
        "until agentops status billing -n shop; do sleep 5; done",
    ),
)
@click.argument("agent", required=False)
@cluster_options
@click.option("-A", "--all-namespaces", is_flag=True, help="Agents of all namespaces.")
@output_option()
def status(
    agent: str | None, kubeconfig: str | None, context: str | None, namespace: str | None, all_namespaces: bool, output: str
) -> None:
    """Show Agents: their conditions, their pods, and the policies that bind them, each with what was observed.

    Exits with 1 unless every Agent shown was observed to be in force (Enforced is True).
    """
    from agentops_operator.cli.cluster import connect  # the client library takes a second to load

    cluster = connect(kubeconfig, context, namespace)
    reports = [report(objects) for objects in read(cluster, agent, everywhere=all_namespaces)]
    match output:
        case "json":
            click.echo(as_json({"agents": reports}))
        case "yaml":
            click.echo(as_yaml({"agents": reports}), nl=False)
        case _:
            _print(reports, "" if all_namespaces else cluster.namespace)
    sys.exit(exits.OK if all(one["enforced"] == "True" for one in reports) else exits.FINDINGS)


def read(cluster: "Cluster", agent: str | None, *, everywhere: bool) -> list[Objects]:
    """Reads Agents, pods and policies."""
    namespace = "" if everywhere else cluster.namespace
    if agent is None:
        bodies = cluster.readable_list(paths.ours("Agent", namespace))
        if bodies is None:
            raise exits.Unreachable(f"your rights do not allow to list Agents {f'in {namespace}' if namespace else 'everywhere'}")
    else:
        found = cluster.readable(paths.ours("Agent", cluster.namespace, agent))
        if not found:
            raise exits.Usage(f"Agent {cluster.namespace}/{agent} does not exist, or you may not read it")
        bodies = [found]
    policies = _policies(cluster, bodies)
    pods = {name: _pods(cluster, name) for name in sorted({body["metadata"]["namespace"] for body in bodies})}
    return [Objects(body, _parsed(body), pods[body["metadata"]["namespace"]], policies) for body in bodies]


def _parsed(body: dict[str, Any]) -> Resource[Any] | None:
    found = parse(AGENT, body)
    return found if isinstance(found, Resource) else None


def _pods(cluster: "Cluster", namespace: str) -> list[Pod]:
    return [parse_pod(body) for body in cluster.readable_list(paths.core("pods", namespace)) or []]


def _policies(cluster: "Cluster", agents: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Policies that the Agents name, one request a kind and namespace."""
    kinds = {info.kind for info in POLICIES}
    named = {
        (ref["kind"], ref["namespace"])
        for body in agents
        for ref in (body.get("status") or {}).get("policies") or []
        if ref["kind"] in kinds
    }
    return {
        (kind, namespace, body["metadata"]["name"]): body
        for kind, namespace in sorted(named)
        for body in cluster.readable_list(paths.ours(kind, namespace)) or []
    }


def _print(reports: list[dict[str, Any]], namespace: str) -> None:
    if not reports:
        click.echo(f"No Agent in {f'namespace {namespace}' if namespace else 'any namespace'}.")
    for one in reports:
        for line in lines(tree(one)):
            click.echo(line)
