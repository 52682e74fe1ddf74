"""`agentops render`: the objects that the operator would apply for manifests."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from agentops_operator.agent.alert_rules import rules_config_map
from agentops_operator.agent.binding import accepted
from agentops_operator.agent.compile import compile_agent
from agentops_operator.agent.facts import Resource
from agentops_operator.agent.index import build_index
from agentops_operator.agent.plan import BackendUse
from agentops_operator.agent.relay import compile_relay
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.reason import ConditionType
from agentops_operator.cli import exits
from agentops_operator.cli.check_schema import check_document
from agentops_operator.cli.command import Command
from agentops_operator.cli.manifests import Document, read
from agentops_operator.cli.options import namespace_option, operator_namespace_option
from agentops_operator.cli.output import as_json, as_stream, output_option
from agentops_operator.cli.world import World, world_of


@dataclass(frozen=True)
class Rendered:
    """Objects in a fixed order, and why Agents or policies yield none."""

    objects: tuple[dict[str, Any], ...]
    refused: tuple[str, ...]


@click.command(
    cls=Command,
    examples=(
        "agentops render deploy/",
        "kubectl kustomize overlays/prod | agentops render - -o text",
        "diff <(git show main:agents.yaml | agentops render -) <(agentops render agents.yaml)",
    ),
)
@click.argument("paths", nargs=-1, required=True)
@operator_namespace_option
@namespace_option
@output_option(default="yaml")
def render(paths: tuple[str, ...], operator_namespace: str, namespace: str, output: str) -> None:
    """Show the objects that the operator would apply for these manifests, without a cluster.

    Rules of each Agent, the injection index of each namespace, the relay's objects and the alert rules. The result is the
    same for the same manifests, in whatever order they come. Labels of namespaces are taken from Namespace manifests.
    What only a cluster knows stands in angle brackets, such as the uid of an owner.
    """
    documents, faults = read(paths)
    for fault in faults:
        click.echo(f"{fault.file}:{fault.position.line}: {fault.error}", err=True)
    world = world_of(documents, operator_namespace, namespace)
    result = rendered(world)
    _print(result, output)
    refused = [*_left_out(documents, world), *result.refused]
    for line in refused:
        click.echo(line, err=True)
    sys.exit(exits.FINDINGS if refused or faults else exits.OK)


def _left_out(documents: Sequence[Document], world: World) -> list[str]:
    """Objects of ours that are none to the operator, such as one without a name; silence would read as agreement."""
    used = {id(document) for document in world.where.values()}
    wrong = [(one, check_document(one)[0]) for one in documents if id(one) not in used]
    return [f"{one.file}:{found[0].position.line}: {one.title}: {found[0].text}" for one, found in wrong if found]


def rendered(world: World) -> Rendered:
    """Everything that would be applied."""
    children: list[dict[str, Any]] = []
    rows: dict[str, list[tuple[tuple[str, str], str, dict[str, Any]]]] = {}
    identities: dict[str, Any] = {}
    backends: dict[str, BackendUse] = {}
    refused = [*(f"{item.key}: Invalid: {item.error}" for item in world.invalid), *_refused_policies(world)]
    for agent in world.agents:
        plan = compile_agent(world.facts(_with_owner(agent)))
        verdict = next(condition for condition in plan.conditions if condition.type is ConditionType.ACCEPTED)
        if not verdict.holds:
            refused.append(f"{agent.key}: {verdict.reason}: {verdict.message}")
            continue
        children += plan.children
        rows.setdefault(agent.key.namespace, []).extend((agent.age_order, key, entry) for key, entry in plan.entries)
        identities[f"{agent.key.namespace}/{agent.key.name}"] = plan.identity
        backends |= {use.name: use for use in plan.backends}
    indexes = [build_index(namespace, rows[namespace]) for namespace in sorted(rows)]
    shared = [*compile_relay(identities, backends, world.settings), rules_config_map(rows, world.settings)]
    return Rendered((*sorted(children, key=_place), *indexes, *shared), tuple(sorted(refused)))


def _refused_policies(world: World) -> list[str]:
    verdicts = [(policy.key, accepted(policy, world.settings.operator_namespace)) for policy in world.policies]
    return [f"{key}: {verdict.reason}: {verdict.message}" for key, verdict in verdicts if not verdict.holds]


def _with_owner(agent: Resource[AgentSpec]) -> Resource[AgentSpec]:
    """An Agent of a manifest has no uid, and an empty one would read as a mistake of ours."""
    uid = agent.uid or f"<uid of {agent.key}>"
    return Resource(agent.key, uid, agent.generation, agent.created, agent.spec, agent.labels, agent.status)


def _place(obj: dict[str, Any]) -> tuple[str, str, str]:
    return (obj["metadata"]["namespace"], obj["kind"], obj["metadata"]["name"])


def _print(result: Rendered, output: str) -> None:
    match output:
        case "json":
            click.echo(as_json({"apiVersion": "v1", "kind": "List", "items": list(result.objects)}))
        case "text":
            for obj in result.objects:
                namespace, kind, name = _place(obj)
                click.echo(f"{namespace:20} {kind:16} {name}")
        case _:
            click.echo(as_stream(result.objects), nl=False)
