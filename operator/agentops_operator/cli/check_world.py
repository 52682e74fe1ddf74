"""Manifests against each other: what would be accepted, what selects nothing, and which pods go around the sidecar."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from agentops_operator.agent.binding import accepted, binds
from agentops_operator.agent.compile import compile_agent
from agentops_operator.agent.facts import Resource
from agentops_operator.agent.index_types import refuses_bypass
from agentops_operator.agent.plan import Outcome
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.binding import Attachment
from agentops_operator.api.condition import Condition
from agentops_operator.api.kind import GROUP
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.cli.bypass import own_endpoints
from agentops_operator.cli.finding import Finding, Level, finding
from agentops_operator.cli.manifests import Document
from agentops_operator.cli.position import Path
from agentops_operator.cli.world import World

FIELD = re.compile(r"(spec(?:\.\w+|\[[\w-]+\])*)")
PART = re.compile(r"\w+|(?<=\[)[\w-]+")
CONFLICT_MEND = "delete one, or narrow its target or selector; whichever is created first keeps the pods"


def check_world(world: World) -> list[Finding]:
    """Findings that need more than one manifest."""
    found: list[Finding] = []
    for agent in world.agents:
        found += _agent(world, agent)
    for policy in world.policies:
        found += _policy(world, policy)
    return found


def duplicates(documents: Iterable[Document], default_namespace: str) -> list[Finding]:
    """Objects of ours that stand twice: the later one would overwrite the earlier."""
    places: dict[tuple[str, str, str], list[Document]] = defaultdict(list)
    for document in documents:
        if document.api_version.startswith(f"{GROUP}/") and document.name:
            places[document.kind, document.namespace(default_namespace), document.name].append(document)
    return [
        finding("duplicate", second, ("metadata", "name"), f"{second.title} stands in {first.file} too", "remove one")
        for first, *more in places.values()
        for second in more
    ]


def _agent(world: World, agent: Resource[AgentSpec]) -> list[Finding]:
    document, facts = world.where[agent.key], world.facts(agent)
    plan = compile_agent(facts)
    verdict = next(condition for condition in plan.conditions if condition.type is ConditionType.ACCEPTED)
    if not verdict.holds:
        return [_refused(document, verdict)]
    found = _backends(world, agent, plan.outcomes)
    matched = world.workloads_of(agent)
    if not matched and any(item.pod.namespace == agent.key.namespace for item in world.workloads):
        found.append(_unmatched(document, agent))
    denied = any(refuses_bypass(entry) for _, entry in plan.entries)
    for item in matched:
        found += own_endpoints(item, agent, denied=denied)
    return found


def _backends(world: World, agent: Resource[AgentSpec], outcomes: Iterable[Outcome]) -> list[Finding]:
    return [
        finding("not-enforced", world.where[item.policy], ("spec", "backends"), f"for {agent.key}: {item.condition.message}")
        for item in outcomes
        if item.condition.reason is Reason.BACKEND_NOT_ALLOWED and item.policy in world.where
    ]


def _unmatched(document: Document, agent: Resource[AgentSpec]) -> Finding:
    target = agent.spec.target_ref
    if target is not None:
        what = f"no {target.kind} {target.name} of namespace {agent.key.namespace} is in these manifests"
        return finding("matches-nothing", document, ("spec", "targetRef", "name"), what, level=Level.WARNING, value=target.name)
    what = f"spec.podSelector matches no workload of namespace {agent.key.namespace} in these manifests"
    return finding("matches-nothing", document, ("spec", "podSelector"), what, level=Level.WARNING)


def _refused(document: Document, verdict: Condition) -> Finding:
    if verdict.reason is Reason.CONFLICTED:
        # Age decides in the cluster, and manifests have none: the message must not claim to know the winner.
        what = verdict.message.partition(";")[0]
        return finding("not-accepted", document, ("spec",), f"{verdict.reason}: {what}", CONFLICT_MEND)
    named = FIELD.search(verdict.message)
    return finding("not-accepted", document, _path(named[0]) if named else ("spec",), f"{verdict.reason}: {verdict.message}")


def _path(field: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in PART.findall(field))


def _policy(world: World, policy: Resource[Any]) -> list[Finding]:
    document, home = world.where[policy.key], world.settings.operator_namespace
    verdict = accepted(policy, home)
    if not verdict.holds:
        return [_refused(document, verdict)]
    if not world.agents or not isinstance(policy.spec, Attachment) or policy.spec.agent_selector == Attachment().agent_selector:
        return []
    reached = any(
        binds(policy, agent.key.namespace, agent.labels, world.namespaces.get(agent.key.namespace, {}), home)
        for agent in world.agents
    )
    if reached:
        return []
    what = "spec.agentSelector selects no Agent of these manifests"
    return [finding("matches-nothing", document, ("spec", "agentSelector"), what, level=Level.WARNING)]
