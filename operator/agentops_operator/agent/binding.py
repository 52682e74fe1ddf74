"""Which policies bind an Agent, in order of precedence: platform before tenant, older before younger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.facts import Input, Resource
from agentops_operator.api.binding import Attachment
from agentops_operator.api.condition import Condition, false, true
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.policies.masking.types import MaskingPolicySpec
from agentops_operator.policies.trace.types import TracePolicySpec


@dataclass(frozen=True)
class Bound:
    """Accepted policies that bind one Agent, by kind, platform policies first."""

    masking: tuple[Resource[MaskingPolicySpec], ...]
    tracing: tuple[Resource[TracePolicySpec], ...]
    others: tuple[Resource[Any], ...]
    restrictions: tuple[tuple[str, ...], ...]  # allowedBackends of platform policies

    @property
    def every(self) -> tuple[Resource[Any], ...]:
        """All policies that bind the Agent."""
        return (*self.masking, *self.tracing, *self.others)


def accepted(policy: Resource[Any], operator_namespace: str) -> Condition:
    """Whether the policy itself is valid, as far as its schema cannot say."""
    if policy.key.namespace == operator_namespace:
        return true(ConditionType.ACCEPTED, Reason.ACCEPTED)
    spec = policy.spec
    if spec.namespace_selector is not None:
        return _not_permitted("spec.namespaceSelector", operator_namespace)
    if isinstance(spec, TracePolicySpec):
        return _tenant_trace_policy(spec, operator_namespace)
    return true(ConditionType.ACCEPTED, Reason.ACCEPTED)


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
    platform = policy.key.namespace == operator_namespace and spec.namespace_selector is not None
    if platform and spec.namespace_selector is not None:
        reached = spec.namespace_selector.matches(namespace_labels)
    else:
        reached = policy.key.namespace == agent_namespace
    return reached and spec.agent_selector.matches(agent_labels)


def bound(facts: Input) -> Bound:
    """The accepted policies that bind the Agent of these facts."""
    home = facts.settings.operator_namespace
    chosen = [policy for policy in facts.policies if _chosen(policy, facts)]
    chosen.sort(key=lambda policy: (policy.key.namespace != home, *policy.age_order))
    return Bound(
        masking=tuple(_of(chosen, MaskingPolicySpec)),
        tracing=tuple(_of(chosen, TracePolicySpec)),
        others=tuple(p for p in chosen if not isinstance(p.spec, MaskingPolicySpec | TracePolicySpec)),
        restrictions=tuple(
            tuple(policy.spec.allowed_backends)
            for policy in _of(chosen, TracePolicySpec)
            if policy.key.namespace == home and policy.spec.allowed_backends is not None
        ),
    )


def _chosen(policy: Resource[Any], facts: Input) -> bool:
    home = facts.settings.operator_namespace
    return accepted(policy, home).holds and binds(
        policy, facts.agent.key.namespace, facts.agent.labels, facts.namespace_labels, home
    )


def _of(policies: Iterable[Resource[Any]], spec: type[Any]) -> Iterable[Resource[Any]]:
    return (policy for policy in policies if isinstance(policy.spec, spec))
