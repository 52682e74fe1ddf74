"""One Budget becomes an entry of the gateway plan (docs/contracts.md section 9), and is compared with others."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from agentops_operator.api.money import dollars, micro
from agentops_operator.policies.budget.types import BudgetSpec, Cheaper, Mode, Scope, Step, StepAction, Unit, Window, WindowKind

UNITS = {unit: str(unit) for unit in Unit} | {Unit.USD: "MicroUSD"}
SECONDS = {
    WindowKind.HOUR: 3600,
    WindowKind.DAY: 86_400,
    WindowKind.WEEK: 7 * 86_400,
    WindowKind.MONTH: 30 * 86_400,  # close enough to tell which of two windows is longer
}
WIDER: Mapping[Scope, frozenset[Scope]] = {
    Scope.END_USER: frozenset({Scope.END_USER, Scope.AGENT, Scope.SHARED}),
    Scope.AGENT: frozenset({Scope.AGENT, Scope.SHARED}),
    Scope.TEAM: frozenset({Scope.TEAM, Scope.SHARED}),
    Scope.USE_CASE: frozenset({Scope.USE_CASE, Scope.SHARED}),
    Scope.SHARED: frozenset({Scope.SHARED}),
}
"""Scopes that count everything that a scope counts. A team of one budget need not be the Agents that another one binds."""


def fault(spec: BudgetSpec) -> str:
    """What is wrong with the budget that its schema cannot say; empty when nothing is.

    One time zone that the gateway does not know would make it refuse the plan of everybody.
    """
    zone = spec.window.time_zone
    if zone is None:
        return ""
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):  # not found; a directory of zones; a name that leads out of them
        return f"spec.window.timeZone is {zone!r}: write an IANA name such as Europe/Berlin"
    return ""


def budget_entry(spec: BudgetSpec, route_of: Callable[[Cheaper], str | None]) -> dict[str, Any]:
    """The entry of the plan.

    Args:
        spec: the budget.
        route_of: route that an alias is led to, or None where the reference leads nowhere; that alias keeps its model.
    """
    steps = [_step(step, route_of) for step in spec.ladder]
    return {
        "unit": UNITS[spec.unit],
        "limit": amount(spec),
        "window": _window(spec.window),
        "scope": str(spec.scope),
        # A budget without steps would be refused, and refuses at its limit all the same.
        "ladder": [step for step in steps if step] or [{"atPercent": 100, "action": str(StepAction.BLOCK)}],
        "mode": str(spec.mode),
        "onStateError": str(spec.on_state_error),
    }


def amount(spec: BudgetSpec) -> int:
    """The limit as an integer in the unit of the plan."""
    return micro(spec.limit) if spec.unit is Unit.USD else int(spec.limit)


def shown(spec: BudgetSpec, value: int) -> str:
    """An amount of the plan in the budget's own unit."""
    return dollars(value) if spec.unit is Unit.USD else str(value)


def describe(spec: BudgetSpec) -> str:
    """`10 USD a month`, as messages say it."""
    window = spec.window
    span = f"in {window.seconds} s" if window.kind is WindowKind.ROLLING else f"a {str(window.kind).lower()}"
    return f"{shown(spec, amount(spec))} {spec.unit} {span}"


def binds_before(one: BudgetSpec, other: BudgetSpec) -> bool:
    """Whether the first budget is always reached before the second one, by an Agent that both bind.

    So it is when it allows no more of the same unit in a window at least as long, and counts at least as much.
    """
    return (
        one.mode is Mode.ENFORCE
        and one.unit is other.unit
        and one.scope in WIDER[other.scope]
        and (amount(one), -seconds(one.window)) < (amount(other), -seconds(other.window))
        and seconds(one.window) >= seconds(other.window)
    )


def seconds(window: Window) -> int:
    """Length of a window."""
    return window.seconds or 0 if window.kind is WindowKind.ROLLING else SECONDS[window.kind]


def _window(window: Window) -> dict[str, Any]:
    return {name: value for name, value in window.dump().items() if value}


def _step(step: Step, route_of: Callable[[Cheaper], str | None]) -> dict[str, Any]:
    entry: dict[str, Any] = {"atPercent": step.at_percent, "action": str(step.action)}
    if step.action is not StepAction.CHEAPER_MODEL:
        return entry
    routes = {cheaper.alias: route for cheaper in step.models if (route := route_of(cheaper)) is not None}
    return {**entry, "models": routes} if routes else {}
