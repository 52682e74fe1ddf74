"""Conditions: three-valued statements with a reason, as kstatus and Gateway API understand them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agentops_operator.api.reason import ConditionType, Reason

MESSAGE_LIMIT = 1024  # the API server allows 32,768; nobody reads more than a few lines in a terminal


class State(StrEnum):
    """The three values that Kubernetes conditions have."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One statement about an object, without its times."""

    type: ConditionType
    status: State
    reason: Reason
    message: str = ""

    @property
    def holds(self) -> bool:
        """Whether the condition is True."""
        return self.status is State.TRUE


def true(kind: ConditionType, reason: Reason, message: str = "") -> Condition:
    """A condition that holds."""
    return Condition(kind, State.TRUE, reason, message)


def false(kind: ConditionType, reason: Reason, message: str = "") -> Condition:
    """A condition that does not hold."""
    return Condition(kind, State.FALSE, reason, message)


def unknown(kind: ConditionType, reason: Reason, message: str = "") -> Condition:
    """A condition of which nothing is known."""
    return Condition(kind, State.UNKNOWN, reason, message)


def merge(old: Iterable[dict[str, Any]], new: Sequence[Condition], generation: int, now: str) -> list[dict[str, Any]]:
    """The list for `status.conditions`: `lastTransitionTime` moves only when status or reason of a type changes.

    Evidence in the message must not carry a clock, or every pass would write the status again.
    """
    before = {entry.get("type"): entry for entry in old}
    return [_entry(before.get(condition.type), condition, generation, now) for condition in new]


def _entry(old: dict[str, Any] | None, condition: Condition, generation: int, now: str) -> dict[str, Any]:
    same = old is not None and old.get("status") == condition.status and old.get("reason") == condition.reason
    return {
        "type": str(condition.type),
        "status": str(condition.status),
        "reason": str(condition.reason),
        "message": condition.message[:MESSAGE_LIMIT],
        "observedGeneration": generation,
        "lastTransitionTime": old.get("lastTransitionTime", now) if same and old else now,
    }


def kstatus(accepted: Condition, programmed: Condition, retrying: str = "") -> list[Condition]:
    """Ready, Reconciling and Stalled from Accepted and Programmed, so that Flux and Argo CD read them.

    Enforced is left out on purpose: a monthly evaluation must not hang a pipeline.

    Args:
        accepted: whether the spec is valid.
        programmed: whether everything it needs is applied and running.
        retrying: the error of a step that will be tried again, if any.
    """
    if not accepted.holds:
        return [
            false(ConditionType.READY, accepted.reason, accepted.message),
            false(ConditionType.RECONCILING, Reason.SETTLED),
            true(ConditionType.STALLED, accepted.reason, accepted.message),
        ]
    if programmed.holds:
        return [
            true(ConditionType.READY, Reason.READY),
            false(ConditionType.RECONCILING, Reason.SETTLED),
            false(ConditionType.STALLED, Reason.SETTLED),
        ]
    reason = Reason.PROGRESSING_WITH_RETRY if retrying else Reason.PROGRESSING
    return [
        false(ConditionType.READY, programmed.reason, programmed.message),
        true(ConditionType.RECONCILING, reason, retrying or programmed.message),
        false(ConditionType.STALLED, Reason.SETTLED),
    ]
