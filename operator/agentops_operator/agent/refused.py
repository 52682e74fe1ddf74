"""What it means for an Agent that its pods are refused: whether injection is withdrawn, and what its status says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agentops_operator.agent.blame import on_purpose, sidecar_is_why
from agentops_operator.agent.claims import Coverage
from agentops_operator.agent.facts import Input, Pod, Refusal
from agentops_operator.agent.match import pod_keys
from agentops_operator.api.condition import Condition, false
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.kube.names import LABEL_INJECTION

PAUSE = 300.0  # seconds after the last refusal until injection is tried again
SLACK = 60.0  # seconds for which an old ReplicaSet may go on trying beside the pods of the new one
REQUIRE = "Require"


@dataclass(frozen=True)
class Refused:
    """The verdict.

    Attributes:
        withdrawn: whether new pods are to start without the sidecar.
        condition: Covered, where refusals decide it.
        again_seconds: when injection is to be tried again.
    """

    withdrawn: bool = False
    condition: Condition | None = None
    again_seconds: float | None = None


def refused(facts: Input, pods: Coverage) -> Refused:
    """The verdict over the refusals that still count, the newest first."""
    demanded = facts.namespace_labels.get(LABEL_INJECTION) == REQUIRE
    for refusal in sorted(facts.refusals, key=lambda one: one.at, reverse=True):
        if refusal.at < facts.agent.created:
            continue  # the sidecar cannot have been in those pods
        if sidecar_is_why(refusal.message, facts.settings.sidecar_resources):
            if demanded and not _later(refusal, pods.injected, SLACK):
                return _kept_out(facts, refusal)
            if not demanded and not _later(refusal, pods.injected):
                return _withdrawn(facts, pods, refusal)
        elif on_purpose(refusal.message) and not _later(refusal, pods.own, SLACK):
            return Refused(condition=_covered(Reason.POD_REFUSED, f"pods of {refusal.workload} are refused: {refusal.message}"))
    return Refused()


def _later(refusal: Refusal, pods: Iterable[Pod], slack: float = 0.0) -> bool:
    """Whether the workload got a pod since, or so shortly before: then what was refused was mended."""
    own = (pod for pod in pods if pod.created and refusal.workload in pod_keys(pod))
    return any(_seconds(pod.created, refusal.at) <= slack for pod in own)


def _kept_out(facts: Input, refusal: Refusal) -> Refused:
    told = f"pods of {refusal.workload} are refused with the sidecar, which their namespace requires: {_why(facts, refusal)}"
    return Refused(condition=_covered(Reason.POD_REFUSED, told))


def _withdrawn(facts: Input, pods: Coverage, refusal: Refusal) -> Refused:
    left = PAUSE - _seconds(refusal.at, facts.now) if facts.now else PAUSE
    if left <= 0 and pods.injected and not pods.missed:
        return Refused()  # those that were refused came in another way, or are not wanted any more
    told = f"pods of {refusal.workload} were refused with the sidecar, so they start without it: {_why(facts, refusal)}"
    condition = _covered(Reason.SIDECAR_REFUSED, f"{told}, then restart the workload")
    return Refused(left > 0, condition, left + 1 if left > 0 else None)


def _why(facts: Input, refusal: Refusal) -> str:
    """The API server's words and the mend; the names of single pods are left out, so that each try says the same."""
    resources = facts.settings.sidecar_resources
    parts = (f"{field} {_listed(resources[field])}" for field in ("requests", "limits") if resources.get(field))
    return (
        f"{refusal.message}. The sidecar has {', '.join(parts) or 'no resources'}: change what refuses it, "
        "or injection.sidecar.resources of the chart"
    )


def _listed(amounts: dict[str, str]) -> str:
    return " ".join(f"{name}={amounts[name]}" for name in sorted(amounts))


def _covered(reason: Reason, message: str) -> Condition:
    return false(ConditionType.COVERED, reason, message)


def _seconds(since: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
