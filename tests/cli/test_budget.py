"""`agentops budget`: the report and the tree of a Budget."""

from typing import Any

from agentops_operator.api.kind import API_VERSION
from agentops_operator.cli.budget import report, tree
from agentops_operator.cli.tree import lines

SINCE = "2026-11-23T10:00:00Z"


def budget(enforced: str = "True", reason: str = "Probed", spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    """A Budget with this status."""
    entry = {"type": "Enforced", "status": enforced, "reason": reason, "message": "seen", "lastTransitionTime": SINCE}
    return {
        "apiVersion": API_VERSION,
        "kind": "Budget",
        "metadata": {"name": "daily", "namespace": "shop", "uid": "u", "generation": 1},
        "spec": {"limit": "10", "window": {"kind": "Day"}, **(spec or {})},
        "status": {"conditions": [entry], **status},
    }


def told(body: dict[str, Any]) -> str:
    """The tree as text."""
    return "\n".join(lines(tree(report(body))))


def test_tree_shows_limit_use_and_step() -> None:
    """A person sees at one look what is left, and who used it."""
    usage = [
        {"scope": "shop/billing", "used": "8.2", "percent": 82, "step": "Alert"},
        {"scope": "shop/search", "used": "1.4", "percent": 14},
    ]
    assert told(budget(usage=usage, usedPercent=82)) == (
        "✓ Budget shop/daily  10 USD a day for each Agent\n"
        f"├─ ✓ Enforced: Probed, seen (since {SINCE})\n"
        "└─ used\n"
        "   ├─ shop/billing: 8.2 USD (82 %), step Alert\n"
        "   └─ shop/search: 1.4 USD (14 %)"
    )


def test_budget_that_is_used_up_is_marked_as_such() -> None:
    """It is in force, and that is why its Agents are refused."""
    assert told(budget(usage=[{"scope": "", "used": "10", "percent": 100}], usedPercent=100)).startswith("✗ Budget shop/daily")


def test_unknown_cost_and_estimates_are_told() -> None:
    """What nobody knows is not shown as nothing."""
    entry = {"scope": "", "used": "1", "percent": 10, "estimated": "0.4", "unpriced": 3, "wouldDeny": 2}
    text = told(budget(usage=[entry], spec={"scope": "Shared", "mode": "Shadow"}))
    assert "all: 1 USD (10 %), 0.4 of it estimated, 3 calls of unknown cost, 2 calls would have been refused" in text
    assert "for all Agents together, Shadow: it refuses nothing" in text


def test_budget_that_is_not_in_force_says_why_and_what_binds_before_it() -> None:
    """Declared is not in force."""
    text = told(budget("False", "GatewayDisabled", boundBy=["agentops-system/cap"]))
    assert text.startswith("✗ Budget")
    assert "Enforced: GatewayDisabled, seen" in text
    assert "reached before it: agentops-system/cap" in text
    assert "nothing was counted yet" in text
