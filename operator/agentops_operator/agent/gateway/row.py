"""What the gateway must know of one Agent, and the digest by which a plan that holds it is recognised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.gateway.probes import Subject
from agentops_operator.agent.index_types import Gateway
from agentops_operator.kube.digest import digest
from agentops_operator.policies.fallback.compile import Fragment, fragment_digest

Version = tuple[str, int]  # creation time and generation: orders versions of one object, one that was made anew included


def version_of(policy: Resource[Any]) -> Version:
    """Which version of a policy this is."""
    return (policy.created, policy.generation)


@dataclass(frozen=True)
class FragmentUse:
    """A ProviderFallback that an Agent's calls may be led by."""

    version: Version
    fragment: Fragment
    uid: str = ""  # of the policy: it owns what stands in its namespace because of it

    def __eq__(self, other: object) -> bool:
        """Equal content; specs are not compared field by field, as thousands of Agents share them."""
        if not isinstance(other, FragmentUse):
            return NotImplemented
        mine, others = (self.version, self.uid, self.fragment.digest), (other.version, other.uid, other.fragment.digest)
        return mine == others

    def __hash__(self) -> int:
        """By content, as equality."""
        return hash((self.version, self.fragment.digest))


@dataclass(frozen=True)
class BudgetUse:
    """A Budget that counts an Agent's calls."""

    name: str  # in the plan: `namespace/name`
    version: Version
    entry: Mapping[str, Any]


@dataclass(frozen=True)
class GatewayRow:
    """One Agent's part of the plan.

    Attributes:
        entry: its entry under `agents`.
        fragments: ProviderFallbacks whose routes it or its budgets name.
        budgets: budgets that its entry names.
        guardrails: guardrails that its entry names, by names that say their content.
        digest: changes with everything that holds for the Agent, and with nothing else.
    """

    entry: Mapping[str, Any]
    fragments: tuple[FragmentUse, ...]
    budgets: tuple[BudgetUse, ...]
    guardrails: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digest: str = field(default="")


def way_of(row: GatewayRow | None) -> Gateway:
    """What pods of an Agent with this row are told of the gateway."""
    return Gateway.NONE if row is None else Gateway(row.entry["onGatewayDown"])


def make_row(
    entry: Mapping[str, Any],
    fragments: Iterable[FragmentUse],
    budgets: Iterable[BudgetUse],
    guardrails: Mapping[str, Mapping[str, Any]],
) -> GatewayRow:
    """The row with its digest; guardrails need no part in that, as their names in the entry say their content."""
    uses, counts = tuple(fragments), tuple(budgets)
    known = {use.fragment.policy: use.fragment.digest for use in uses}
    return GatewayRow(entry, uses, counts, guardrails, _digest(entry, known, {use.name: use.entry for use in counts}))


def row_digests(plan: Mapping[str, Any]) -> dict[str, str]:
    """The digests of all rows of a plan, as `make_row` gives them; how a stored plan tells what is in force after a restart."""
    routes, targets = _by_policy(plan.get("routes") or {}), _by_policy(plan.get("targets") or {})
    fragments = {policy: fragment_digest(targets.get(policy, {}), own) for policy, own in routes.items()}
    budgets = plan.get("budgets") or {}
    return {name: _digest(entry, fragments, budgets) for name, entry in (plan.get("agents") or {}).items()}


def _by_policy(entries: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, entry in entries.items():
        found.setdefault(policy_of(name), {})[name] = entry
    return found


def policy_of(name: str) -> str:
    """`namespace/policy` of a route or target of the plan."""
    return "/".join(name.split("/", 2)[:2])


def _digest(entry: Mapping[str, Any], fragments: Mapping[str, str], budgets: Mapping[str, Any]) -> str:
    own = {name: budgets[name] for name in entry["budgets"] if name in budgets}
    routes = [*entry["models"].values(), *(route for budget in own.values() for route in routes_of(budget))]
    return digest([entry, {policy: fragments.get(policy, "") for policy in map(policy_of, routes)}, own])


def subjects_of(name: str, row: GatewayRow) -> set[Subject]:
    """Whose limits hold for the Agent: its own, those of its budgets, its guardrails, and the routes that it may be led over."""
    routes = (Subject("routes", route) for use in row.fragments for route in use.fragment.routes)
    budgets = (Subject("budgets", use.name) for use in row.budgets)
    return {Subject("agents", name), *budgets, *(Subject("guardrails", rail) for rail in row.guardrails), *routes}


def routes_of(budget: Mapping[str, Any]) -> Iterable[str]:
    """Routes that the ladder of a budget leads to."""
    return (route for step in budget["ladder"] for route in step.get("models", {}).values())
