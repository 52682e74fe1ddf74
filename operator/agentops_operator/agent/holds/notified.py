"""What came of the notice to the receiver that the chart names: pure, for the condition Notified of a RunHold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.api.condition import Condition, false, true
from agentops_operator.api.reason import ConditionType, Reason

KIND = ConditionType.NOTIFIED
MISSING = "the Secret of escalation.secret is not there, or has no url or no key, and an unsigned notice is not sent"


@dataclass(frozen=True)
class Notice:
    """The last try.

    Attributes:
        taken: when the receiver took it, in RFC 3339; empty when it did not.
        reason: why it did not.
        detail: the same in words, without the address, which is a secret.
    """

    taken: str = ""
    reason: Reason = Reason.NOTICE_TAKEN
    detail: str = ""


UNSENDABLE = Notice(reason=Reason.RECEIVER_MISSING, detail=f"{MISSING}; it is tried again")


def untaken(status: int, *, last: bool, refused: bool) -> Notice:
    """A try that failed.

    Args:
        status: what the receiver answered; 0 when it did not answer.
        last: whether it is the last try.
        refused: whether the answer says that another try is of no use.
    """
    answer = f"the receiver answered {status}" if status else "the receiver did not answer"
    if refused:
        return Notice(reason=Reason.NOTICE_REFUSED, detail=f"{answer}, and the notice is not sent again")
    return Notice(reason=Reason.NOTICE_UNANSWERED, detail=f"{answer}; {'it was given up' if last else 'it is tried again'}")


def notified(notice: Notice | None, fields: Mapping[str, Any], status: Mapping[str, Any]) -> list[Condition]:
    """The condition; none where there is no receiver. What an operator before this one said stays until this one knows better.

    Args:
        notice: the last try of this operator.
        fields: fields of the status that is written.
        status: the status that stands.
    """
    if fields.get("notifiedAt"):
        return [true(KIND, Reason.NOTICE_TAKEN, "the receiver took the notice")]
    if notice is not None:
        return [false(KIND, notice.reason, notice.detail)]
    return [
        false(KIND, Reason(entry["reason"]), entry.get("message", ""))
        for entry in status.get("conditions") or []
        if entry["type"] == KIND and entry["status"] == "False" and entry["reason"] in tuple(Reason)
    ]
