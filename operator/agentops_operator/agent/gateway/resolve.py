"""Which aliases an Agent has, who gave them, and which budgets count it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.binding import Bound, accepted
from agentops_operator.agent.execution import DEFAULT_OUTPUT_TOKENS, UNLIMITED, Execution, OnGatewayDown, execution_entry
from agentops_operator.agent.facts import Input, Key, Resource
from agentops_operator.agent.gateway.row import BudgetUse, FragmentUse, GatewayRow, make_row, version_of
from agentops_operator.api.selector import LabelSelector
from agentops_operator.api.verdict import Verdict
from agentops_operator.kube.names import LABEL_VERSION
from agentops_operator.policies.budget.compile import budget_entry
from agentops_operator.policies.budget.types import BudgetSpec, Cheaper, Mode, Unit
from agentops_operator.policies.fallback.compile import Fragment, fragment
from agentops_operator.policies.fallback.types import DirectCalls, ProviderFallbackSpec
from agentops_operator.policies.masking.guard import Guardrails, guardrails

Fallback = Resource[ProviderFallbackSpec]
Budget = Resource[BudgetSpec]


@dataclass(frozen=True)
class Resolved:
    """What the gateway does for one Agent.

    Attributes:
        row: the Agent's part of the plan; None when it has no alias, as then none of its calls can pass.
        lost: aliases that a policy declares and another one keeps, by policy.
        dangling: what a budget refers to in vain, by budget.
    """

    row: GatewayRow | None
    lost: Mapping[Key, Mapping[str, Fallback]]
    dangling: Mapping[Key, tuple[str, ...]]


def resolve(facts: Input, policies: Bound, execution: Execution | None) -> Resolved:
    """The Agent's part of the plan; `policies` come in order of precedence, platform before tenant and old before young."""
    home = facts.settings.operator_namespace
    models, lost = _aliases(policies.fallbacks, home)
    references = _References(facts)
    budgets = [_budget(budget, references) for budget in policies.budgets]
    dangling = {key: tuple(missing) for key, missing in references.missing.items()}
    if not models:
        return Resolved(None, lost, dangling)
    kept = {route for _, route in models.values()}
    used = [policy for policy in policies.fallbacks if not kept.isdisjoint(fragment_of(policy, home).routes)]
    guarded = guardrails([policy.spec for policy in policies.masking])
    entry = _entry(facts, policies, execution, {alias: route for alias, (_, route) in models.items()}, budgets, guarded)
    every = {policy.key: use_of(policy, home) for policy in (*used, *references.used)}
    row = make_row(entry, (every[key] for key in sorted(every, key=str)), budgets, guarded.entries)
    return Resolved(row, lost, dangling)


def _aliases(fallbacks: Iterable[Fallback], home: str) -> tuple[dict[str, tuple[Fallback, str]], dict[Key, dict[str, Fallback]]]:
    models: dict[str, tuple[Fallback, str]] = {}
    lost: dict[Key, dict[str, Fallback]] = {}
    for policy in fallbacks:
        for alias, route in fragment_of(policy, home).aliases.items():
            winner, _ = models.setdefault(alias, (policy, route))
            if winner is not policy:
                lost.setdefault(policy.key, {})[alias] = winner
    return models, lost


def fragment_of(policy: Fallback, home: str) -> Fragment:
    """The part of the plan that a policy makes.

    Args:
        policy: the policy.
        home: the operator's namespace, whose policies are the platform's.
    """
    return fragment(f"{policy.key.namespace}/{policy.key.name}", policy.spec, tenant=policy.key.namespace != home)


def use_of(policy: Fallback, home: str) -> FragmentUse:
    """This version of a policy, as a row names it."""
    return FragmentUse(version_of(policy), fragment_of(policy, home), policy.uid)


def _budget(budget: Budget, references: "_References") -> BudgetUse:
    name = f"{budget.key.namespace}/{budget.key.name}"
    entry = budget_entry(budget.spec, lambda cheaper: references.route(budget, cheaper))
    return BudgetUse(name, version_of(budget), entry)


class _References:
    """ProviderFallbacks that budgets name, found in the budget's own namespace first."""

    def __init__(self, facts: Input) -> None:
        self._facts = facts
        self._home = facts.settings.operator_namespace
        self.used: list[Fallback] = []
        self.missing: dict[Key, list[str]] = {}

    def route(self, budget: Budget, cheaper: Cheaper) -> str | None:
        """The route, or None where there is none."""
        policy = self._policy(budget, cheaper.fallback)
        found = fragment_of(policy, self._home).aliases.get(cheaper.use) if policy is not None else None
        if found is None or policy is None:
            what = f"alias {cheaper.use} of ProviderFallback {cheaper.fallback}, for {cheaper.alias}"
            self.missing.setdefault(budget.key, []).append(what)
            return None
        self.used.append(policy)
        return found

    def _policy(self, budget: Budget, name: str) -> Fallback | None:
        named = {p.key.namespace: p for p in self._facts.policies if p.key.name == name and self._usable(p)}
        own, platform = named.get(budget.key.namespace), named.get(self._home)
        if own is not None or platform is None:
            return own
        return platform if self._reaches_all(platform.spec) else None

    def _usable(self, policy: Resource[Any]) -> bool:
        return isinstance(policy.spec, ProviderFallbackSpec) and accepted(policy, self._home).holds

    def _reaches_all(self, spec: ProviderFallbackSpec) -> bool:
        """Whether every Agent of the tenant has the policy anyway: a budget must not lend a model to one that has not."""
        everywhere = spec.agent_selector == LabelSelector()
        selector = spec.namespace_selector
        return everywhere and selector is not None and selector.matches(self._facts.namespace_labels)


def _entry(
    facts: Input,
    policies: Bound,
    execution: Execution | None,
    models: Mapping[str, str],
    budgets: Iterable[BudgetUse],
    guarded: Guardrails,
) -> dict[str, Any]:
    spec = facts.agent.spec
    limits = execution or UNLIMITED
    entry: dict[str, Any] = {
        "team": facts.namespace_labels.get(facts.settings.team_label, ""),
        "useCase": spec.use_case or "",
        "models": dict(models),
        "maxOutputTokens": _longest_answer(policies.fallbacks, limits),
        "execution": execution_entry(limits, models),
        "budgets": [use.name for use in budgets],
        "guardrails": {"input": list(guarded.input), "output": list(guarded.output)},
        "onUnknownPrice": str(_on_unknown_price(policies.budgets, limits)),
        "onGatewayDown": str(_on_gateway_down(facts, policies.fallbacks, limits)),
    }
    if release := facts.agent.labels.get(LABEL_VERSION):
        entry["release"] = release
    if spec.service_account_name:
        entry["serviceAccountName"] = spec.service_account_name
    if limits.read_only_tools:
        entry["readOnlyTools"] = sorted(limits.read_only_tools)
    return entry


def _on_gateway_down(facts: Input, fallbacks: Iterable[Fallback], limits: Execution) -> OnGatewayDown:
    """Direct needs the platform's word: a tenant can cut its pods off from the gateway when it likes, and be unlimited then."""
    said = [p.spec.direct_calls for p in fallbacks if p.key.namespace == facts.settings.operator_namespace]
    allowed = bool(said) and all(word is DirectCalls.ALLOWED for word in said)
    return limits.on_gateway_down if allowed else OnGatewayDown.REFUSE


def _longest_answer(fallbacks: Iterable[Fallback], limits: Execution) -> int:
    said = [limits.max_output_tokens, *(policy.spec.max_output_tokens for policy in fallbacks)]
    return min((number for number in said if number is not None), default=DEFAULT_OUTPUT_TOKENS)


def _on_unknown_price(budgets: Iterable[Budget], limits: Execution) -> Verdict:
    """Deny as soon as one limit in USD that acts says so; without any, an unknown price harms nothing."""
    denies = any(
        b.spec.unit is Unit.USD and b.spec.mode is Mode.ENFORCE and b.spec.on_unknown_price is Verdict.DENY for b in budgets
    )
    own = limits.run.cost is not None and limits.on_unknown_price is Verdict.DENY
    return Verdict.DENY if denies or own else Verdict.ALLOW
