"""The rows of all Agents, folded into the one plan of the cluster (docs/contracts.md section 9)."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentops_operator.agent.gateway.row import BudgetUse, FragmentUse, GatewayRow
from agentops_operator.kube.digest import digest
from agentops_operator.policies.budget.types import StepAction
from agentops_operator.policies.fallback.prices import table_version

FORMAT = 1
LAST_STEP = {"atPercent": 100, "action": str(StepAction.BLOCK)}


def gateway_plan(rows: Mapping[str, GatewayRow]) -> dict[str, Any]:
    """The plan with its digest; the same for the same rows, whatever their order.

    While a policy changes, some Agents had their pass and others not. Of each policy the newest version counts, and what it
    has no longer is left out of the rows that still name it: a plan with one loose end would be refused for everybody.

    Args:
        rows: rows by `namespace/agent`.
    """
    names = sorted(rows)
    fragments = newest(use for name in names for use in rows[name].fragments)
    routes = {name: route for use in fragments for name, route in use.fragment.routes.items()}
    budgets = _newest_budgets(use for name in names for use in rows[name].budgets)
    content: dict[str, Any] = {
        "version": FORMAT,
        "priceTable": table_version(),
        "targets": {name: target for use in fragments for name, target in use.fragment.targets.items()},
        "routes": routes,
        "guardrails": _guardrails(rows[name] for name in names),
        "budgets": {name: _closed_budget(entry, routes) for name, entry in budgets.items()},
        "agents": {name: _closed_agent(rows[name].entry, routes) for name in names},
    }
    return {**content, "digest": digest(content)}


def secrets_of(plan: Mapping[str, Any]) -> list[str]:
    """Secrets that the targets of the plan name."""
    found = (target.get("credential") for target in plan["targets"].values())
    return sorted({credential["secret"] for credential in found if credential})


def _guardrails(rows: Iterable[GatewayRow]) -> dict[str, Mapping[str, Any]]:
    found = {name: entry for row in rows for name, entry in row.guardrails.items()}
    return {name: found[name] for name in sorted(found)}


def newest(uses: Iterable[FragmentUse]) -> list[FragmentUse]:
    """Of each policy the newest version."""
    found: dict[str, FragmentUse] = {}
    for use in uses:
        known = found.get(use.fragment.policy)
        if known is None or known.version < use.version:
            found[use.fragment.policy] = use
    return [found[name] for name in sorted(found)]


def _newest_budgets(uses: Iterable[BudgetUse]) -> dict[str, Mapping[str, Any]]:
    newest: dict[str, BudgetUse] = {}
    for use in uses:
        known = newest.get(use.name)
        if known is None or known.version < use.version:
            newest[use.name] = use
    return {name: newest[name].entry for name in sorted(newest)}


def _closed_agent(entry: Mapping[str, Any], routes: Mapping[str, Any]) -> Mapping[str, Any]:
    models = entry["models"]
    if all(route in routes for route in models.values()):
        return entry
    execution = {name: value for name, value in entry["execution"].items() if name != "takeOverRoute" or value in routes}
    return {**entry, "models": {alias: route for alias, route in models.items() if route in routes}, "execution": execution}


def _closed_budget(entry: Mapping[str, Any], routes: Mapping[str, Any]) -> Mapping[str, Any]:
    if all(route in routes for step in entry["ladder"] for route in step.get("models", {}).values()):
        return entry
    steps = [_closed_step(step, routes) for step in entry["ladder"]]
    return {**entry, "ladder": [step for step in steps if step] or [LAST_STEP]}


def _closed_step(step: Mapping[str, Any], routes: Mapping[str, Any]) -> Mapping[str, Any]:
    if "models" not in step:
        return step
    models = {alias: route for alias, route in step["models"].items() if route in routes}
    return {**step, "models": models} if models else {}
