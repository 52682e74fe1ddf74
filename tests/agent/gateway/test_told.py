"""Events of a Budget, read off two statuses."""

from typing import Any

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.gateway.told import use_told
from agentops_operator.policies.budget.types import BudgetSpec


def told(before: list[dict[str, Any]], after: list[dict[str, Any]], **spec: Any) -> list[tuple[str, str]]:
    """Reasons and messages of the events between two lists of use."""
    parsed = BudgetSpec.model_validate({"limit": "10", **spec})
    budget = Resource(Key("Budget", "shop", "daily"), "uid", 1, "2026-01-01T00:00:00Z", parsed)
    return [(event.reason, event.message) for event in use_told(budget, {"usage": before}, {"usage": after})]


def use(percent: int, step: str = "", scope: str = "shop/billing", would_deny: int = 0) -> dict[str, Any]:
    """One scope's use."""
    return {"scope": scope, "percent": percent, "wouldDeny": would_deny} | ({"step": step} if step else {})


def test_step_is_told_when_it_is_reached_and_not_while_it_holds() -> None:
    """Nor when a window begins anew, or a weaker step takes its place."""
    message = "shop/billing: step Alert of 10 USD a month holds until the window ends"
    assert told([use(79)], [use(80, "Alert")]) == [("BudgetStepReached", message)]
    assert told([], [use(80, "Alert")]) == [("BudgetStepReached", message)]
    assert told([use(80, "Alert")], [use(81, "Alert")]) == []
    assert told([use(99, "Block")], [use(0)]) == []
    assert told([use(99, "Block")], [use(80, "Alert")]) == []


def test_end_is_told_once() -> None:
    """Also when it came between two looks, together with its step."""
    reasons = [reason for reason, _ in told([use(50)], [use(104, "Block")])]
    assert reasons == ["BudgetStepReached", "BudgetExhausted"]
    assert told([use(104, "Block")], [use(110, "Block")]) == []
    assert told([use(99, "Alert")], [use(100, "Alert")])[0][1].endswith("is used up: calls are refused until the window ends")


def test_shadow_says_that_nothing_is_refused() -> None:
    """The words of a budget that only counts are others."""
    found = told([use(99)], [use(100, "Block", would_deny=3)], mode="Shadow")
    assert [reason for reason, _ in found] == ["BudgetStepReached", "BudgetExhausted", "BudgetWouldRefuse"]
    assert all("Shadow" in message for _, message in found)
    assert told([use(100, "Block", would_deny=3)], [use(101, "Block", would_deny=9)], mode="Shadow") == []


def test_each_scope_is_told_by_itself() -> None:
    """A count that all share has no name."""
    assert told([use(10), use(90, "Alert", "shop/search")], [use(85, "Alert"), use(91, "Alert", "shop/search")]) == [
        ("BudgetStepReached", "shop/billing: step Alert of 10 USD a month holds until the window ends")
    ]
    assert told([], [use(85, "Alert", "")])[0][1].startswith("step Alert of 10 USD a month")
