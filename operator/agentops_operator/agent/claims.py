"""Whether the Agent's claim on pods holds, and which of the pods are its own."""

from dataclasses import dataclass

from agentops_operator.agent.facts import Input, Pod, Resource
from agentops_operator.agent.index_types import Gateway
from agentops_operator.agent.match import claim_keys, matches
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.condition import Condition, false, true
from agentops_operator.api.reason import ConditionType, Reason

SHOWN = 3  # names in a message; the counts tell the rest


def accepted_agent(facts: Input) -> Condition:
    """Accepted of the Agent: it must be findable by a key, and no older Agent may hold what it claims."""
    if not claim_keys(facts.agent.spec):
        return false(
            ConditionType.ACCEPTED,
            Reason.NO_POD_LABELS,
            "spec.podSelector has neither matchLabels nor an In expression: add one label that its pods carry",
        )
    winner = next((rival for rival in sorted(facts.rivals, key=lambda r: r.age_order) if _wins(rival, facts)), None)
    return true(ConditionType.ACCEPTED, Reason.ACCEPTED) if winner is None else _conflict(facts, winner)


def _wins(rival: Resource[AgentSpec], facts: Input) -> bool:
    older = rival.age_order < facts.agent.age_order
    return older and (_same_target(rival.spec, facts.agent.spec) or any(matches(rival.spec, pod) for pod in facts.pods))


def _same_target(one: AgentSpec, other: AgentSpec) -> bool:
    if one.target_ref is not None:
        return one.target_ref == other.target_ref
    return one.pod_selector == other.pod_selector


def _conflict(facts: Input, winner: Resource[AgentSpec]) -> Condition:
    shared = [pod.name for pod in facts.pods if matches(winner.spec, pod)]
    what = f"pods {names(shared)} are" if shared else "the same workload is"
    return false(
        ConditionType.ACCEPTED,
        Reason.CONFLICTED,
        f"{what} claimed by Agents {winner.key.name} and {facts.agent.key.name}; {winner.key.name} is older and keeps them: "
        "delete one, or narrow its target or selector",
    )


def names(items: list[str]) -> str:
    """A few names and the count of the rest, the same for the same set."""
    listed = sorted(items)
    rest = len(listed) - SHOWN
    return ", ".join(listed[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True)
class Coverage:
    """The Agent's pods, sorted by what is known of each from its metadata."""

    own: tuple[Pod, ...]
    injected: tuple[Pod, ...]
    missed: tuple[Pod, ...]
    skipped: tuple[Pod, ...]
    outdated: tuple[Pod, ...]
    bypassed: tuple[Pod, ...]


def coverage(facts: Input) -> Coverage:
    """Sorts the Agent's pods; a pod that is going away is nobody's."""
    own = tuple(pod for pod in facts.pods if not pod.terminating)
    injected = tuple(pod for pod in own if pod.sidecar and pod.agent == facts.agent.key.name)
    skipped = tuple(pod for pod in own if pod.skipped)
    return Coverage(
        own=own,
        injected=injected,
        skipped=skipped,
        missed=tuple(pod for pod in own if pod not in injected and pod not in skipped),
        outdated=tuple(pod for pod in injected if pod.sidecar != facts.settings.sidecar_version),
        bypassed=tuple(pod for pod in injected if pod.bypass),
    )


def misled(pods: Coverage, gateway: Gateway) -> tuple[Pod, ...]:
    """Injected pods whose model calls go another way than those of new pods."""
    return tuple(pod for pod in pods.injected if pod.gateway != gateway)


def covered(pods: Coverage, account: str = "", gateway: Gateway = Gateway.NONE) -> Condition:
    """Covered of the Agent: every matched pod carries the sidecar of this version, and its model calls go where they should.

    A pod's metadata does not show its service account, so where the Agent names one it may be the cause.
    """
    if pods.missed:
        other = f", or run as another service account than {account}, which no restart mends" if account else ""
        return _uncovered(Reason.RESTART_REQUIRED, pods.missed, f"started before injection was ready: restart them{other}")
    if pods.skipped:
        why = ", ".join(sorted({pod.skipped for pod in pods.skipped}))
        return _uncovered(Reason.POD_SKIPPED, pods.skipped, f"are left alone ({why})")
    if wrong := misled(pods, gateway):
        return _uncovered(Reason.RESTART_REQUIRED, wrong, f"{misdirection(gateway)}: restart them")
    if pods.outdated:
        return _uncovered(Reason.OUTDATED, pods.outdated, "run a sidecar of another version: restart them at a good time")
    if not pods.own:
        return true(ConditionType.COVERED, Reason.NO_PODS_MATCHED, "no pod matches now")
    return true(ConditionType.COVERED, Reason.ALL_PODS_INJECTED, f"{len(pods.own)} of {len(pods.own)} pods carry the sidecar")


def misdirection(gateway: Gateway) -> str:
    """What is wrong with pods that were injected before the gateway was what it is for the Agent now."""
    if gateway is Gateway.NONE:
        return "send their model calls to a gateway that serves this Agent no longer"
    return f"started before their model calls went through the gateway (onGatewayDown {gateway})"


def _uncovered(reason: Reason, pods: tuple[Pod, ...], what: str) -> Condition:
    return false(ConditionType.COVERED, reason, f"pods {names([pod.name for pod in pods])} {what}")
