"""A decision on its way to the gateway, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agentops_operator.agent.holds.record import Record, is_over
from agentops_operator.agent.holds.waiting import RunNow
from agentops_operator.api.money import micro
from agentops_operator.api.reason import ConditionType

GATEWAY_TAKES = 256  # bytes of a name or a note


class Result(StrEnum):
    """What the gateway made of a decision."""

    TAKEN = "Taken"
    INVALID = "Invalid"  # it cannot be read
    LATE = "Late"  # it does not fit the state of the run
    GONE = "Gone"  # there is no such run
    STORE_DOWN = "StoreDown"
    UNREACHABLE = "Unreachable"


@dataclass(frozen=True)
class Delivery:
    """One try to deliver."""

    result: Result
    detail: str = ""
    run: RunNow | None = None

    @property
    def again(self) -> bool:
        """Whether trying again may help."""
        return self.result in (Result.STORE_DOWN, Result.UNREACHABLE)


def pending(record: Record) -> bool:
    """Whether the gateway still has to hear of a decision."""
    decision = record.spec.decision
    if decision is None or is_over(record) or not decision.by:
        return False
    return record.status.get("delivered") != decision.verb and not _refused(record)


def _refused(record: Record) -> bool:
    """Whether the gateway said no to this very decision."""
    entries = record.status.get("conditions") or []
    return any(
        entry["type"] == ConditionType.ACCEPTED
        and entry["status"] == "False"
        and entry.get("observedGeneration") == record.generation
        for entry in entries
    )


def decision_id(record: Record) -> str:
    """The same for the same decision, however often it is sent; empty when there is none."""
    spec = record.spec
    return f"{record.uid}:{spec.number}:{spec.decision.verb}" if spec.decision else ""


def decision_body(record: Record) -> dict[str, Any]:
    """Body of `POST /v1/decisions`.

    Raises:
        ValueError: there is no decision.
    """
    spec = record.spec
    if spec.decision is None:
        raise ValueError("no decision")
    more = spec.decision.more.dump() if spec.decision.more else {}
    return {
        "id": decision_id(record),
        "agent": f"{record.key.namespace}/{spec.agent}",
        "run": spec.run,
        "hold": spec.number,
        "verb": str(spec.decision.verb),
        "more": {
            "steps": more.get("steps", 0),
            "tokens": more.get("tokens", 0),
            "microUSD": micro(more.get("usd", "0")),
            "wallClockMilliseconds": 1000 * more.get("seconds", 0),
        },
        "by": cut(spec.decision.by or ""),
        "note": cut(spec.decision.note),
    }


def cut(text: str) -> str:
    """As much of the text as the gateway takes, and no half of a character."""
    return text.encode()[:GATEWAY_TAKES].decode(errors="ignore")
