"""Which policies bind an Agent, in order of precedence: platform before tenant, older before younger."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.facts import Input, Resource
from agentops_operator.api.binding import Attachment
from agentops_operator.api.condition import Condition, false, true
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.policies.budget.compile import fault as budget_fault
from agentops_operator.policies.budget.types import BudgetSpec
from agentops_operator.policies.fallback.compile import fault as fallback_fault
from agentops_operator.policies.fallback.types import DirectCalls, ProviderFallbackSpec
from agentops_operator.policies.masking.compile import fault as masking_fault
from agentops_operator.policies.masking.types import MaskingPolicySpec
from agentops_operator.policies.trace.compile import fault as trace_fault
from agentops_operator.policies.trace.types import TracePolicySpec

MERGED = (MaskingPolicySpec, TracePolicySpec, ProviderFallbackSpec, BudgetSpec)


@dataclass(frozen=True)
class Bound:
    """Accepted policies that bind one Agent, by kind, platform policies first."""

    masking: tuple[Resource[MaskingPolicySpec], ...]
    tracing: tuple[Resource[TracePolicySpec], ...]
    fallbacks: tuple[Resource[ProviderFallbackSpec], ...]
    budgets: tuple[Resource[BudgetSpec], ...]
    others: tuple[Resource[Any], ...]
    restrictions: tuple[tuple[str, ...], ...]  # allowedBackends of platform policies

    @property
    def every(self) -> tuple[Resource[Any], ...]:
        """All policies that bind the Agent."""
        return (*self.masking, *self.tracing, *self.fallbacks, *self.budgets, *self.others)


def accepted(policy: Resource[Any], operator_namespace: str) -> Condition:
    """Whether the policy itself is valid, as far as its schema cannot say."""
    spec = policy.spec
    if wrong := _fault(spec):
        return false(ConditionType.ACCEPTED, Reason.INVALID, wrong)
    if policy.key.namespace == operator_namespace:
        return true(ConditionType.ACCEPTED, Reason.ACCEPTED)
    if spec.namespace_selector is not None:
        return _not_permitted("spec.namespaceSelector", operator_namespace)
    if isinstance(spec, TracePolicySpec):
        return _tenant_trace_policy(spec, operator_namespace)
    if isinstance(spec, ProviderFallbackSpec):
        return _tenant_fallback(spec, policy.key.namespace, operator_namespace)
    return true(ConditionType.ACCEPTED, Reason.ACCEPTED)


def _fault(spec: Attachment) -> str:
    if isinstance(spec, BudgetSpec):
        return budget_fault(spec)
    if isinstance(spec, MaskingPolicySpec):
        return masking_fault(spec)
    if isinstance(spec, TracePolicySpec):
        return trace_fault(spec)
    return fallback_fault(spec) if isinstance(spec, ProviderFallbackSpec) else ""


def _tenant_fallback(spec: ProviderFallbackSpec, namespace: str, operator_namespace: str) -> Condition:
    """The shared gateway must not call for a tenant what the tenant could not; one in the tenant's namespace cannot."""
    if spec.direct_calls is DirectCalls.ALLOWED:
        return _not_permitted("spec.directCalls: Allowed", operator_namespace)
    if spec.egress.allowed_cidrs:
        return _not_permitted("spec.egress.allowedCidrs", operator_namespace)
    for target in spec.targets:
        if target.credential is None and not _own_service(target.endpoint or "", namespace):
            return false(
                ConditionType.ACCEPTED,
                Reason.REF_NOT_PERMITTED,
                f"spec.targets[{target.name}].endpoint is {target.endpoint!r}: without a credential, a policy of a tenant may "
                f"name Services of its own namespace only, as http://NAME.{namespace}.svc:PORT; give the target a credential, or "
                f"declare it in a platform policy of namespace {operator_namespace}",
            )
    return true(ConditionType.ACCEPTED, Reason.ACCEPTED)


def _own_service(endpoint: str, namespace: str) -> bool:
    host = re.fullmatch(r"https?://([A-Za-z0-9.-]+)(:[0-9]+)?(/.*)?", endpoint)
    own = rf"[a-z0-9-]+\.{re.escape(namespace)}\.svc(\.cluster\.local)?"
    return host is not None and re.fullmatch(own, host[1]) is not None


def _tenant_trace_policy(spec: TracePolicySpec, operator_namespace: str) -> Condition:
    if spec.allowed_backends is not None:
        return _not_permitted("spec.allowedBackends", operator_namespace)
    secret = next((backend for backend in spec.backends if backend.credentials is not None), None)
    if secret is not None:
        return false(
            ConditionType.ACCEPTED,
            Reason.REF_NOT_PERMITTED,
            f"spec.backends[{secret.name}].credentials: the relay reads Secrets of namespace {operator_namespace} only; "
            "declare this backend in a platform policy there",
        )
    return true(ConditionType.ACCEPTED, Reason.ACCEPTED)


def _not_permitted(field: str, operator_namespace: str) -> Condition:
    return false(
        ConditionType.ACCEPTED,
        Reason.REF_NOT_PERMITTED,
        f"{field} is for platform policies: remove it, or move the policy to namespace {operator_namespace}",
    )


def binds(
    policy: Resource[Any],
    agent_namespace: str,
    agent_labels: Mapping[str, str],
    namespace_labels: Mapping[str, str],
    operator_namespace: str,
) -> bool:
    """Whether the policy reaches the Agent: by namespace first, then by the Agent's own labels.

    A policy of the operator's namespace without `namespaceSelector` reaches that namespace only, like any other.
    """
    spec: Attachment = policy.spec
    namespace, reach = policy.key.namespace, spec.namespace_selector
    if reach is not None and namespace == operator_namespace:
        return reach.matches(namespace_labels) and spec.agent_selector.matches(agent_labels)
    return namespace == agent_namespace and spec.agent_selector.matches(agent_labels)


def bound(facts: Input) -> Bound:
    """The accepted policies that bind the Agent of these facts."""
    home = facts.settings.operator_namespace
    chosen = [policy for policy in facts.policies if _chosen(policy, facts)]
    chosen.sort(key=lambda policy: (policy.key.namespace != home, *policy.age_order))
    return Bound(
        masking=tuple(_of(chosen, MaskingPolicySpec)),
        tracing=tuple(_of(chosen, TracePolicySpec)),
        fallbacks=tuple(_of(chosen, ProviderFallbackSpec)),
        budgets=tuple(_of(chosen, BudgetSpec)),
        others=tuple(p for p in chosen if not isinstance(p.spec, MERGED)),
        restrictions=tuple(
            tuple(policy.spec.allowed_backends)
            for policy in _of(chosen, TracePolicySpec)
            if policy.key.namespace == home and policy.spec.allowed_backends is not None
        ),
    )


def _chosen(policy: Resource[Any], facts: Input) -> bool:
    # Most policies do not bind a given Agent, and that is told fastest.
    home = facts.settings.operator_namespace
    reached = binds(policy, facts.agent.key.namespace, facts.agent.labels, facts.namespace_labels, home)
    return reached and accepted(policy, home).holds


def _of(policies: Iterable[Resource[Any]], spec: type[Any]) -> Iterable[Resource[Any]]:
    return (policy for policy in policies if isinstance(policy.spec, spec))
