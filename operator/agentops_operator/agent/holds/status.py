"""What the status of a RunHold says: pure, from the record, what the gateway lists, and what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.holds.decision import Delivery, Result, decision_id
from agentops_operator.agent.holds.notified import Notice, notified
from agentops_operator.agent.holds.record import Record
from agentops_operator.agent.holds.types import WAITING, RunState, Verb
from agentops_operator.agent.holds.waiting import RunNow, Waiting
from agentops_operator.api.condition import Condition, false, true, unknown
from agentops_operator.api.money import dollars
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.policies.budget.compile import shown as in_unit
from agentops_operator.policies.budget.types import BudgetSpec

MONEY, TIME = "MaxCost", "MaxWallClock"
ACCEPTED, PROGRAMMED, ENFORCED = ConditionType.ACCEPTED, ConditionType.PROGRAMMED, ConditionType.ENFORCED
REFUSED = {
    Result.INVALID: (Reason.INVALID, "the gateway cannot take it: {}. It is not tried again; the hold ends when it expires"),
    Result.LATE: (
        Reason.DECISION_LATE,
        "it came too late or does not fit: {}. Nothing is to be done; if the run is held anew, decide on its newer RunHold",
    ),
    Result.GONE: (Reason.RUN_GONE, "the gateway does not know the run any more: {}. Nothing is to be done"),
}
AWAY = {Result.STORE_DOWN: Reason.STATE_STORE_DOWN, Result.UNREACHABLE: Reason.GATEWAY_UNREACHABLE}
STATES = {
    RunState.HELD: (Reason.RUN_HELD, "the gateway refuses its calls with run_held until somebody decides"),
    RunState.TAKEN_OVER: (Reason.RUN_TAKEN_OVER, "a person works in the agent's place"),
    RunState.RUNNING: (Reason.RUN_RESUMED, "the gateway lets its calls through"),
    RunState.CANCELLED: (Reason.RUN_CANCELLED, "the gateway refuses its calls for good"),
    RunState.FINISHED: (Reason.RUN_FINISHED, "its client said that it ended"),
}
AFTER = {Verb.RESUME: RunState.RUNNING, Verb.TAKE_OVER: RunState.TAKEN_OVER, Verb.CANCEL: RunState.CANCELLED}


@dataclass(frozen=True)
class HoldFacts:
    """What is known of one hold.

    Attributes:
        record: the RunHold.
        now: the time.
        waiting: what the gateway lists of it; None when it lists it no more.
        asked: whether the gateway was asked for the run itself, and answered.
        run: what it answered; None when it does not know the run.
        delivery: what came of a decision in this pass.
        unreachable: why the gateway cannot be asked; empty when it can.
        link: where to read more on the run.
        checked: whether admission checks who decides.
        budget: the Budget whose step began the hold, when it is known.
        notice: what came of the notice to the receiver; None when it was not tried, or when there is none.
    """

    record: Record
    now: str
    waiting: Waiting | None = None
    asked: bool = False
    run: RunNow | None = None
    delivery: Delivery | None = None
    unreachable: str = ""
    link: str = ""
    checked: bool = True
    budget: BudgetSpec | None = None
    notice: Notice | None = None

    @property
    def state(self) -> RunState | None:
        """The newest state that was read."""
        if self.run is not None:
            return self.run.state
        known = self.record.status.get("state")
        return self.waiting.state if self.waiting is not None else RunState(known) if known else None

    @property
    def over(self) -> bool:
        """Whether the gateway was asked and the run does not wait in this hold any more."""
        return self.asked and (self.run is None or not self.run.waits_in(self.record.spec.number))


def hold_status(facts: HoldFacts) -> tuple[list[Condition], dict[str, Any]]:
    """Conditions and fields."""
    fields = _fields(facts)
    accepted = _accepted(facts, fields)
    told = notified(facts.notice, fields, facts.record.status)
    return [accepted, _programmed(facts, accepted, fields), _enforced(facts, fields), *told], fields


def _fields(facts: HoldFacts) -> dict[str, Any]:
    known = {name: value for name, value in facts.record.status.items() if name not in ("conditions", "observedGeneration")}
    fields = {**(told(facts.waiting, facts.budget) if facts.waiting is not None else {}), **known}
    if facts.state is not None:
        fields["state"] = str(facts.state)
    if facts.link:
        fields["link"] = facts.link
    if facts.notice is not None and facts.notice.taken:
        fields.setdefault("notifiedAt", facts.notice.taken)
    decision = facts.record.spec.decision
    if decision is not None and decision.by and fields.get("decidedBy") != decision.by:
        fields |= {"decidedBy": decision.by, "decidedAt": facts.now}
    if decision is not None and _taken(facts):
        fields["delivered"] = str(decision.verb)
    if facts.over:
        fields.setdefault("endedAt", facts.now)
    return fields


def _taken(facts: HoldFacts) -> bool:
    """Whether the gateway took the decision: it said so, or shows it although its answer was lost."""
    said = facts.delivery is not None and facts.delivery.result is Result.TAKEN
    return said or (facts.run is not None and facts.run.decision == decision_id(facts.record))


def told(waiting: Waiting, budget: BudgetSpec | None) -> dict[str, Any]:
    """What the record keeps of the beginning of the hold, in units that people read."""
    fields = {
        "reason": waiting.reason,
        "limit": shown(waiting.reason, waiting.limit, budget),
        "used": shown(waiting.reason, waiting.used, budget),
        "budget": waiting.budget,
        "cost": dollars(waiting.micro_usd),
        "steps": waiting.steps,
        "tokens": waiting.tokens,
        "since": waiting.since,
        "expires": waiting.expires,
    }
    return {name: value for name, value in fields.items() if value != ""}


def shown(reason: str, amount: int, budget: BudgetSpec | None = None) -> str:
    """An amount with its unit, where the bare number would be read as another one."""
    if budget is not None:
        return f"{in_unit(budget, amount)} {budget.unit}"
    if reason == MONEY:
        return f"{dollars(amount)} USD"
    return f"{amount // 1000} s" if reason == TIME else str(amount)


def _accepted(facts: HoldFacts, fields: Mapping[str, Any]) -> Condition:
    decision, delivery = facts.record.spec.decision, facts.delivery
    if decision is None:
        return true(ACCEPTED, Reason.ACCEPTED, "it waits for a decision")
    if not (decision.by and facts.checked):
        text = "no admission policy checks who decides, so nothing is passed on: set admission.runHolds.enabled in the chart"
        return false(ACCEPTED, Reason.DECIDER_UNKNOWN, text)
    if delivery is not None and delivery.result in REFUSED:
        reason, text = REFUSED[delivery.result]
        return false(ACCEPTED, reason, f"{decision.verb}: " + text.format(delivery.detail or "it said no more"))
    if facts.over and fields.get("delivered") != decision.verb and _before(facts.record) is None:
        now = f"the run is {facts.run.state}" if facts.run is not None else "the run is gone"
        return false(ACCEPTED, Reason.DECISION_LATE, f"{decision.verb}: the hold was over before the gateway took it; {now}")
    return _before(facts.record) or true(ACCEPTED, Reason.ACCEPTED, f"{decision.by} decided {decision.verb}")


def _before(record: Record) -> Condition | None:
    """What was said of the same decision before, if that was a refusal: the gateway is not asked twice."""
    for entry in record.status.get("conditions") or []:
        same = entry.get("observedGeneration") == record.generation and entry["status"] == "False"
        if entry["type"] == ACCEPTED and same and entry["reason"] in tuple(Reason):
            return false(ACCEPTED, Reason(entry["reason"]), entry.get("message", ""))
    return None


def _programmed(facts: HoldFacts, accepted: Condition, fields: Mapping[str, Any]) -> Condition:
    decision, delivery = facts.record.spec.decision, facts.delivery
    if decision is None and facts.over:
        return true(PROGRAMMED, Reason.PROGRAMMED, "nothing is to be passed on any more")
    if decision is None:
        return false(PROGRAMMED, Reason.AWAITING_DECISION, command(facts.record))
    if not accepted.holds:
        return false(PROGRAMMED, Reason.NOT_ACCEPTED, accepted.message)
    if fields.get("delivered") == decision.verb:
        return true(PROGRAMMED, Reason.PROGRAMMED, f"the gateway took {decision.verb}")
    reason = AWAY.get(delivery.result, Reason.GATEWAY_UNREACHABLE) if delivery else Reason.GATEWAY_UNREACHABLE
    why = (delivery.detail if delivery else "") or facts.unreachable or "the gateway was not asked yet"
    return false(PROGRAMMED, reason, f"{decision.verb} is not with the gateway yet, and is tried again: {why}")


def _enforced(facts: HoldFacts, fields: Mapping[str, Any]) -> Condition:
    if facts.over and facts.run is None:
        return unknown(ENFORCED, Reason.RUN_GONE, "the gateway does not know the run any more")
    if facts.unreachable:
        return unknown(ENFORCED, Reason.GATEWAY_UNREACHABLE, facts.unreachable)
    if facts.state is None:
        return unknown(ENFORCED, Reason.AWAITING_FIRST_OBSERVATION, "the gateway does not list the run")
    if facts.state is RunState.CANCELLED and (facts.run.expired if facts.run else False):
        return true(ENFORCED, Reason.HOLD_EXPIRED, f"nobody decided until {fields.get('expires')}: the gateway cancelled the run")
    reason, text = STATES[facts.state]
    wanted = AFTER.get(Verb(fields["delivered"])) if "delivered" in fields else None
    if wanted is not None and facts.over and facts.state not in (wanted, RunState.FINISHED, *WAITING):
        return false(ENFORCED, reason, f"the gateway took {fields['delivered']}, and the run is {facts.state}")
    return true(ENFORCED, reason, text)


def command(record: Record) -> str:
    """How to decide, in one line that can be copied."""
    return f"decide with: kubectl agentops run resume {record.key.name} -n {record.key.namespace} (or takeover, cancel)"
