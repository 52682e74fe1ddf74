"""`agentops budget`: the report and the tree of a Budget."""

from typing import Any

import pytest

from agentops_operator.api.kind import API_VERSION
from agentops_operator.cli import cluster
from agentops_operator.cli.budget import report, tree
from agentops_operator.cli.tree import lines
from tests.cli.runner import run

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


class Place:
    """A namespace `shop` whose Agent is bound by a Budget of its own and by two of the platform, of which one may be read."""

    namespace = "shop"
    PLATFORM = "/apis/agentops.dev/v1alpha1/namespaces/agentops-system/budgets/"

    def readable_list(self, path: str) -> list[dict[str, Any]] | None:
        """Objects of the namespace."""
        named = (("shop", "daily"), ("agentops-system", "cap"), ("agentops-system", "secret"))
        refs = [{"kind": "Budget", "namespace": namespace, "name": name} for namespace, name in named]
        other = {"kind": "TracePolicy", "namespace": "agentops-system", "name": "default"}
        return [budget()] if path.endswith("/shop/budgets") else [{"status": {"policies": [*refs, other]}}, {}]

    def readable(self, path: str) -> dict[str, Any] | None:
        """One object of the platform."""
        assert path.startswith(self.PLATFORM)
        return {**budget(), "metadata": {"name": "cap", "namespace": "agentops-system"}} if path.endswith("/cap") else None


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


def test_budgets_of_the_platform_that_bind_agents_here_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Agent may be refused by a Budget of another namespace: `No Budget` would be the wrong answer."""
    monkeypatch.setattr(cluster, "connect", lambda *_: Place())
    result = run("budget")
    assert [line for line in result.stdout.splitlines() if "Budget" in line] == [
        "✓ Budget shop/daily  10 USD a day for each Agent",
        "✓ Budget agentops-system/cap  10 USD a day for each Agent",
    ]
    assert result.stderr == "Budget agentops-system/secret binds Agents here, too; your rights do not allow to read it\n"


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
