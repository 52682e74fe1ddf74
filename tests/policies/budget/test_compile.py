"""Budgets as entries of the gateway plan, golden: run with `UPDATE_GOLDEN=1` to accept what compile says now."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agentops_operator.api.money import dollars, micro
from agentops_operator.policies.budget.compile import amount, binds_before, budget_entry, describe, fault
from agentops_operator.policies.budget.types import BudgetSpec, Scope, Unit, WindowKind

CASES = sorted((Path(__file__).parent / "cases").glob("*/spec.yaml"))


def budget(**fields: Any) -> BudgetSpec:
    """A budget."""
    return BudgetSpec.model_validate({"limit": "10", **fields})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_entry_of_the_plan_is_the_golden_one(path: Path) -> None:
    """The same spec gives the entry that was reviewed; a reference that leads nowhere is left out."""
    spec = BudgetSpec.model_validate(yaml.safe_load(path.read_text()))
    entry = budget_entry(spec, lambda cheaper: "shop/chat/small" if cheaper.use == "small" else None)
    got = yaml.safe_dump(entry, sort_keys=False, width=160)
    golden = path.with_name("plan.yaml")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(got)
    assert got == golden.read_text()


@given(st.integers(0, 10**15 - 1))
def test_money_is_exact(value: int) -> None:
    """No floating point is between what somebody wrote and what is counted."""
    assert micro(dollars(value)) == value


@pytest.mark.parametrize(("text", "value"), [("99.50", 99_500_000), ("0.000001", 1), ("999999999.999999", 999_999_999_999_999)])
def test_limit_in_usd_is_micro_usd(text: str, value: int) -> None:
    """The plan has integers."""
    assert amount(budget(limit=text)) == value


def test_limit_of_the_other_units_is_as_written() -> None:
    """Tokens are tokens."""
    assert amount(budget(unit="Tokens", limit="2000000")) == 2_000_000


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Etc/GMT+12", None])
def test_time_zone_that_exists_is_no_fault(zone: str | None) -> None:
    """IANA names."""
    assert fault(budget(window={"kind": "Day", "timeZone": zone})) == ""


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "Berlin"])
def test_time_zone_that_is_none_is_a_fault(zone: str) -> None:
    """One that the gateway does not know would make it refuse the plan of everybody."""
    assert zone in fault(budget(window={"kind": "Day", "timeZone": zone}))


def test_smaller_limit_of_a_longer_window_binds_first() -> None:
    """10 USD a month are reached before 20 USD a day."""
    month, day = budget(limit="10", window={"kind": "Month"}), budget(limit="20", window={"kind": "Day"})
    assert binds_before(month, day)
    assert not binds_before(day, month)
    assert describe(month) == "10 USD a month"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"unit": "Tokens"}, {"limit": "20"}),  # another unit
        ({"window": {"kind": "Day"}}, {"limit": "20"}),  # starts anew before the longer window does
        ({"scope": "Agent"}, {"limit": "20", "scope": "Team"}),  # one Agent of a team that spends together
        ({"mode": "Shadow"}, {"limit": "20"}),  # refuses nothing
        ({"limit": "20"}, {"limit": "10"}),
    ],
)
def test_a_budget_that_may_not_be_reached_first_is_not_said_to_bind(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Saying that a budget never matters, when it may, is worse than saying nothing."""
    assert not binds_before(budget(**one), budget(**other))


BUDGETS = st.builds(
    lambda limit, kind, scope, unit: budget(limit=str(limit), window={"kind": kind}, scope=scope, unit=unit),
    st.integers(1, 5),
    st.sampled_from([kind for kind in WindowKind if kind is not WindowKind.ROLLING]),
    st.sampled_from(list(Scope)),
    st.sampled_from(list(Unit)),
)


@given(BUDGETS, BUDGETS)
def test_of_two_budgets_at_most_one_binds_before_the_other(one: BudgetSpec, other: BudgetSpec) -> None:
    """Equal ones bind together, and neither is told to be idle."""
    assert not (binds_before(one, other) and binds_before(other, one))
