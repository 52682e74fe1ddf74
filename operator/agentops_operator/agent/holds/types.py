"""The RunHold resource: one hold of one run, and the decision of a person."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from agentops_operator.api.model import Model, cel, marks
from agentops_operator.api.money import Dollars
from agentops_operator.api.status import CommonStatus

DnsName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
RunId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:/-]+$")]
MOST = 1_000_000_000_000


class Verb(StrEnum):
    """What a person may decide."""

    RESUME = "Resume"
    TAKE_OVER = "TakeOver"
    CANCEL = "Cancel"


class RunState(StrEnum):
    """What the gateway says of the run."""

    RUNNING = "Running"
    HELD = "Held"
    TAKEN_OVER = "TakenOver"
    CANCELLED = "Cancelled"
    FINISHED = "Finished"


WAITING = (RunState.HELD, RunState.TAKEN_OVER)


class More(Model):
    """What a run may use beyond its limits."""

    steps: int | None = Field(default=None, ge=1, le=MOST, description="More model calls.")
    tokens: int | None = Field(default=None, ge=1, le=MOST, description="More tokens.")
    usd: Dollars | None = Field(
        default=None,
        description='More cost, in USD, for example "0.50".',
        json_schema_extra=marks(cel("self.matches('[1-9]')", "usd must be more than zero")),
    )
    seconds: int | None = Field(default=None, ge=1, le=31_622_400, description="More wall clock.")


class Decision(Model):
    """What a person decided. It is written once; only TakeOver may be followed by Resume or Cancel."""

    verb: Verb = Field(
        description="Resume: the run goes on. TakeOver: a person works in the agent's place. Cancel: the run ends for good."
    )
    more: More | None = Field(default=None, description="For Resume: what the run may use on top of its limits; grants add up.")
    note: Annotated[str, StringConstraints(max_length=256)] = Field(default="", description="Why, for those who read it later.")
    by: Annotated[str, StringConstraints(max_length=1024)] | None = Field(
        default=None,
        description="Who decided. Admission writes it; in clusters before Kubernetes 1.36 you write your own name, and no "
        "other one is taken.",
    )


DECISION_RULES = (cel("!has(self.more) || self.verb == 'Resume'", "more belongs to the verb Resume: remove it"),)
SPEC_RULES = (
    cel(
        "self.agent == oldSelf.agent && self.run == oldSelf.run && self.number == oldSelf.number",
        "agent, run and number say which hold this is, and never change",
    ),
    cel(
        "!has(oldSelf.decision) || (has(self.decision) && (self.decision == oldSelf.decision "
        "|| (oldSelf.decision.verb == 'TakeOver' && self.decision.verb != 'TakeOver')))",
        "a decision is made once: only TakeOver may be followed by Resume or Cancel",
    ),
)


class RunHoldSpec(Model):
    """Which hold of which run, and what a person decided."""

    agent: DnsName = Field(description="Agent of the run, in this namespace.")
    run: RunId = Field(description="Id of the run, as its client gave it.")
    number: int = Field(ge=1, le=MOST, description="Number of the hold within the run, from 1.")
    decision: Decision | None = Field(
        default=None,
        description="What a person decided; needs the verb `decide` on runholds.",
        json_schema_extra=marks(*DECISION_RULES),
    )


def _time(text: str) -> Any:
    return Field(default=None, description=text, json_schema_extra={"format": "date-time"})


class RunHoldStatus(CommonStatus):
    """What the gateway says of the hold."""

    state: RunState | None = Field(default=None, description="State of the run, as the gateway last said.")
    reason: str | None = Field(default=None, max_length=64, description="Limit or step that began the hold.")
    limit: str | None = Field(default=None, max_length=32, description="That limit.")
    used: str | None = Field(default=None, max_length=32, description="What of it was used when the hold began.")
    budget: str | None = Field(default=None, max_length=127, description="Budget whose step Hold was reached.")
    cost: str | None = Field(default=None, max_length=32, description="Cost of the run when the hold began, in USD.")
    steps: int | None = Field(default=None, ge=0, description="Model calls of the run when the hold began.")
    tokens: int | None = Field(default=None, ge=0, description="Tokens of the run when the hold began.")
    since: str | None = _time("When the hold began.")
    expires: str | None = _time("When the gateway cancels the run unless somebody decides.")
    link: str | None = Field(default=None, max_length=1024, description="Where to read more on the run.")
    decided_by: str | None = Field(default=None, max_length=1024, description="Who decided last.")
    decided_at: str | None = _time("When the operator saw the last decision.")
    delivered: Verb | None = Field(default=None, description="The decision that the gateway took.")
    notified_at: str | None = _time("When the receiver of notices took the one of this hold.")
    ended_at: str | None = _time("When the hold was seen to be over.")
