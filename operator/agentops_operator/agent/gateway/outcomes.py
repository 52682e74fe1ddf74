"""What the gateway makes of one Agent: its part of the plan, and how far each policy is with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops_operator.agent.binding import Bound
from agentops_operator.agent.claims import Coverage
from agentops_operator.agent.execution import Execution
from agentops_operator.agent.facts import Input, Invalid, Key, Resource
from agentops_operator.agent.gateway.observe import (
    Judged,
    conflict,
    dangling,
    direct_denied,
    guards_enforced,
    plan_enforced,
    plan_programmed,
    without_take_over,
)
from agentops_operator.agent.gateway.probes import Subject
from agentops_operator.agent.gateway.resolve import Budget, Resolved, fragment_of, resolve
from agentops_operator.agent.gateway.row import GatewayRow, way_of
from agentops_operator.agent.gateway.support import fragment_fields, paths
from agentops_operator.agent.gateway.usage import BudgetCount, usage_fields
from agentops_operator.agent.index_types import Gateway
from agentops_operator.agent.plan import Outcome
from agentops_operator.api.condition import Condition
from agentops_operator.policies.budget.compile import binds_before
from agentops_operator.policies.budget.types import BudgetSpec
from agentops_operator.policies.fallback.compile import Fragment, unpriced
from agentops_operator.policies.fallback.prices import table_version
from agentops_operator.policies.fallback.types import ProviderFallbackSpec
from agentops_operator.policies.masking.guard import acts


@dataclass(frozen=True)
class ThroughGateway:
    """One Agent at the gateway.

    Attributes:
        row: its part of the plan; None when it has none or there is no gateway.
        way: whether the model calls of its pods go through the gateway, and what happens while it is away.
        progress: Programmed, as far as the gateway goes; None when nothing is asked of it.
        own: Enforced of the Agent's own execution limits; None when it has none.
        outcomes: how far each ProviderFallback and Budget is.
        guards: Enforced of each MaskingPolicy, as far as the gateway goes; without those that ask nothing of it.
    """

    row: GatewayRow | None
    way: Gateway
    progress: Condition | None
    own: Condition | None
    outcomes: tuple[Outcome, ...]
    guards: Mapping[Key, Condition] = field(default_factory=dict)


def through_gateway(facts: Input, pods: Coverage, policies: Bound, execution: Execution | None) -> ThroughGateway:
    """What the gateway makes of the Agent."""
    if not (policies.fallbacks or policies.budgets or execution or _asked(policies)):
        return ThroughGateway(None, Gateway.NONE, None, None, ())
    resolved = resolve(facts, policies, execution)
    progress = plan_programmed(facts, resolved.row, _fragments(resolved.row))
    enabled = facts.settings.gateway.enabled
    row = resolved.row if enabled else None
    return ThroughGateway(
        row=row,
        way=way_of(row),
        progress=None if row is None else progress,
        own=None if execution is None else _own(facts, pods, resolved.row, execution),
        outcomes=(*_fallbacks(facts, pods, policies, resolved), *_budgets(facts, pods, policies, resolved)),
        guards=_guards(facts, pods, policies, row),
    )


def _fragments(row: GatewayRow | None) -> tuple[Fragment, ...]:
    return () if row is None else tuple(use.fragment for use in row.fragments)


def _asked(policies: Bound) -> list[Key]:
    """MaskingPolicies that change or refuse calls, and so must see them."""
    return [policy.key for policy in policies.masking if acts(policy.spec)]


def _guards(facts: Input, pods: Coverage, policies: Bound, row: GatewayRow | None) -> dict[Key, Condition]:
    """A policy that only reports is not in question while no call of the Agent passes the gateway."""
    guarded = row is not None and bool(row.guardrails)
    keys = [policy.key for policy in policies.masking] if guarded else _asked(policies)
    if not keys:
        return {}
    seen = guards_enforced(facts, pods, row)
    return dict.fromkeys(keys, seen)


def _own(facts: Input, pods: Coverage, row: GatewayRow | None, execution: Execution) -> Condition:
    agent = Subject("agents", f"{facts.agent.key.namespace}/{facts.agent.key.name}")
    seen = plan_enforced(facts, pods, row, Judged(_own_fields(row), subjects=(agent,)))
    if seen.status == "False":
        return seen
    return without_take_over(execution, row) or direct_denied(row, execution) or seen


def _own_fields(row: GatewayRow | None) -> frozenset[str]:
    execution = {} if row is None else row.entry["execution"]
    return frozenset(paths(execution, "agents.*.execution"))


def _fallbacks(facts: Input, pods: Coverage, policies: Bound, resolved: Resolved) -> tuple[Outcome, ...]:
    made = []
    for policy in policies.fallbacks:
        own = fragment_of(policy, facts.settings.operator_namespace)
        told = tuple(used for used in _fragments(resolved.row) if used.policy == own.policy)
        progress = plan_programmed(facts, resolved.row, told)
        routes = tuple(Subject("routes", name) for name in own.routes)
        judged = Judged(fragment_fields(own), counts=False, policy=policy, subjects=routes, fragments=told)
        seen = plan_enforced(facts, pods, resolved.row, judged)
        lost = conflict(resolved, policy)
        made.append(Outcome(policy.key, progress.holds, seen.holds, seen, progress=progress, conflict=lost))
    return tuple(made)


def _budgets(facts: Input, pods: Coverage, policies: Bound, resolved: Resolved) -> tuple[Outcome, ...]:
    made, progress = [], plan_programmed(facts, resolved.row)
    entries = {use.name: use.entry for use in resolved.row.budgets} if resolved.row else {}
    for budget in policies.budgets:
        name = f"{budget.key.namespace}/{budget.key.name}"
        fields = frozenset(paths(entries.get(name, {}), "budgets.*"))
        seen = plan_enforced(facts, pods, resolved.row, Judged(fields, subjects=(Subject("budgets", name),)))
        if seen.status != "False":
            seen = dangling(resolved.dangling.get(budget.key, ())) or seen
        first = _sooner(budget, policies)
        made.append(Outcome(budget.key, progress.holds, seen.holds, seen, progress=progress, bound_by=first))
    return tuple(made)


def _sooner(budget: Budget, policies: Bound) -> tuple[str, ...]:
    found = (other for other in policies.budgets if binds_before(other.spec, budget.spec))
    return tuple(f"{other.key.namespace}/{other.key.name}" for other in found)


def policy_fields(policy: Resource[Any] | Invalid, counts: Iterable[BudgetCount]) -> dict[str, Any]:
    """What the status of a ProviderFallback says of its prices, and that of a Budget of its use; nothing for other policies."""
    spec = policy.spec if isinstance(policy, Resource) else None
    if isinstance(spec, ProviderFallbackSpec):
        return {"priceTable": table_version(), "unpriced": unpriced(spec)}
    return usage_fields(spec, counts) if isinstance(spec, BudgetSpec) else {}
