"""What is told of a Budget's use as events; read off two statuses, so that a restart tells nothing twice."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agentops_operator.agent.facts import Invalid, Resource
from agentops_operator.agent.plan import Event
from agentops_operator.policies.budget.compile import describe
from agentops_operator.policies.budget.types import BudgetSpec, Mode, StepAction

STEP_REACHED = "BudgetStepReached"
EXHAUSTED = "BudgetExhausted"
WOULD_REFUSE = "BudgetWouldRefuse"
STRENGTH = {str(step): strength for strength, step in enumerate(StepAction, 1)}
Status = Mapping[str, Any]


def use_told(policy: Resource[Any] | Invalid, before: Status, after: Status) -> list[Event]:
    """Events of a Budget whose status was replaced; none for other policies.

    Args:
        policy: the policy.
        before: the status that was.
        after: the status that is.
    """
    spec = policy.spec if isinstance(policy, Resource) else None
    if not isinstance(spec, BudgetSpec):
        return []
    old = _by_scope(before)
    return [event for scope, use in _by_scope(after).items() for event in _events(spec, old.get(scope, {}), use)]


def _by_scope(status: Status) -> dict[str, Status]:
    entries: Iterable[Status] = status.get("usage") or ()
    return {entry.get("scope", ""): entry for entry in entries}


def _events(spec: BudgetSpec, old: Status, use: Status) -> Iterator[Event]:
    shadow = spec.mode is Mode.SHADOW
    who = f"{use['scope']}: " if use.get("scope") else ""
    step, percent = use.get("step", ""), use["percent"]
    if STRENGTH.get(step, 0) > STRENGTH.get(old.get("step", ""), 0):
        holds = "would hold (mode Shadow)" if shadow else "holds until the window ends"
        yield Event("Warning", STEP_REACHED, f"{who}step {step} of {describe(spec)} {holds}")
    if percent >= 100 > old.get("percent", 0):
        then = "nothing is refused (mode Shadow)" if shadow else "calls are refused until the window ends"
        yield Event("Warning", EXHAUSTED, f"{who}{describe(spec)} is used up: {then}")
    if use.get("wouldDeny", 0) > 0 and not old.get("wouldDeny", 0):
        yield Event("Normal", WOULD_REFUSE, f"{who}calls were made that {describe(spec)} would have refused (mode Shadow)")
