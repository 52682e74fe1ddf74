"""What the gateway's state store says of budgets, summed up for the status of a Budget."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentops_operator.policies.budget.compile import shown
from agentops_operator.policies.budget.types import BudgetSpec

LISTED = 10  # scopes in a status; the metrics show all


@dataclass(frozen=True)
class BudgetCount:
    """What one scope has used of one budget, in the unit of the plan."""

    scope: str
    used: int
    limit: int
    estimated: int = 0
    would_deny: int = 0
    unpriced: int = 0
    step: str = ""

    @property
    def percent(self) -> int:
        """Share of the limit, rounded down."""
        return 100 * self.used // self.limit if self.limit > 0 else 0

    @property
    def told(self) -> "BudgetCount":
        """What is worth a new status: the share in whole percent and the step, not each token."""
        denies, unpriced = int(self.would_deny > 0), int(self.unpriced > 0)
        return replace(self, used=self.percent, limit=100, estimated=0, would_deny=denies, unpriced=unpriced)


def counts_in(answer: Mapping[str, Any]) -> dict[str, BudgetCount]:
    """Counts of an answer of `GET /v1/usage`, by budget."""
    return {entry["id"]: _count(entry) for entry in answer.get("budgets") or []}


def _count(entry: Mapping[str, Any]) -> BudgetCount:
    scope = entry.get("scope") or {}
    return BudgetCount(
        # All share one count then, and its value is only the budget's own name.
        scope="" if scope.get("kind") == "Shared" else str(scope.get("value", "")),
        used=int(entry.get("used", 0)),
        limit=int(entry.get("limit", 0)),
        estimated=int(entry.get("estimated", 0)),
        would_deny=int(entry.get("wouldDeny", 0)),
        unpriced=int(entry.get("unpriced", 0)),
        step=str(entry.get("rung", "")),
    )


def usage_fields(spec: BudgetSpec, counts: Iterable[BudgetCount]) -> dict[str, Any]:
    """`usage` and `usedPercent` of a Budget's status: the scopes that used most, the largest share first."""
    ordered: Sequence[BudgetCount] = sorted(counts, key=lambda count: (-count.percent, count.scope))
    if not ordered:
        return {}
    return {"usage": [_usage(spec, count) for count in ordered[:LISTED]], "usedPercent": ordered[0].percent}


def _usage(spec: BudgetSpec, count: BudgetCount) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "scope": count.scope,
        "used": shown(spec, count.used),
        "percent": count.percent,
        "estimated": shown(spec, count.estimated),
        "wouldDeny": count.would_deny,
        "unpriced": count.unpriced,
    }
    return entry | ({"step": count.step} if count.step else {})
