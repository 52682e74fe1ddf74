"""Golden cases of the gateway plan: Agents, namespaces and policies in, the plan and what lost out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agentops_operator.agent.binding import accepted, bound
from agentops_operator.agent.execution import Execution
from agentops_operator.agent.facts import Input, Key, Resource, Settings
from agentops_operator.agent.gateway.plan import gateway_plan
from agentops_operator.agent.gateway.resolve import Resolved, resolve
from agentops_operator.agent.gateway.row import FragmentUse
from agentops_operator.agent.gateway.tenant import lending, tenant_plan
from agentops_operator.agent.kind import AGENT
from agentops_operator.policies.budget.kind import BUDGET
from agentops_operator.policies.fallback.kind import PROVIDER_FALLBACK
from agentops_operator.policies.masking.kind import MASKING_POLICY

CASES = Path(__file__).parent / "cases"
HOME = Settings().operator_namespace
SPECS = {kind.kind: kind.spec for kind in (AGENT, BUDGET, MASKING_POLICY, PROVIDER_FALLBACK)}


@dataclass
class World:
    """A small cluster."""

    agents: list[Resource[Any]] = field(default_factory=list)
    policies: list[Resource[Any]] = field(default_factory=list)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    execution: dict[Key, Execution] = field(default_factory=dict)

    def resolved(self) -> dict[str, Resolved]:
        """What the gateway does for each Agent."""
        return {f"{a.key.namespace}/{a.key.name}": self._resolve(a) for a in self.agents}

    def plan(self) -> dict[str, Any]:
        """The plan of the cluster."""
        return gateway_plan({name: found.row for name, found in self.resolved().items() if found.row is not None})

    def tenants(self) -> dict[str, dict[str, Any]]:
        """The plans of namespaces whose policies bring credentials."""
        uses: dict[str, list[FragmentUse]] = {}
        for name, found in self.resolved().items():
            uses.setdefault(name.split("/")[0], []).extend(found.row.fragments if found.row else ())
        return {namespace: tenant_plan(own) for namespace, own in sorted(uses.items()) if lending(own)}

    def _resolve(self, agent: Resource[Any]) -> Resolved:
        own = tuple(p for p in self.policies if p.key.namespace in (agent.key.namespace, HOME))
        labels = self.namespaces.get(agent.key.namespace, {})
        facts = Input(agent=agent, settings=Settings(), namespace_labels=labels, policies=own)
        return resolve(facts, bound(facts), self.execution.get(agent.key))


def resource(document: dict[str, Any], order: int = 0) -> Resource[Any]:
    """A resource from its manifest; without a time, the later in the file is the younger."""
    meta = document["metadata"]
    spec = SPECS[document["kind"]]
    assert spec is not None
    return Resource(
        key=Key(document["kind"], meta.get("namespace", "shop"), meta["name"]),
        uid=f"uid-{meta['name']}",
        generation=meta.get("generation", 1),
        created=meta.get("creationTimestamp", f"2026-01-01T00:00:{order:02d}Z"),
        spec=spec.model_validate(document.get("spec", {})),
        labels=meta.get("labels", {}),
    )


def load(text: str) -> World:
    """A world from YAML: `namespaces` with their labels, and manifests under `resources`."""
    document = yaml.safe_load(text)
    world = World(namespaces=document.get("namespaces", {}))
    for order, manifest in enumerate(document["resources"]):
        execution = manifest.get("spec", {}).pop("execution", None) if manifest["kind"] == AGENT.kind else None
        made = resource(manifest, order)
        (world.agents if made.key.kind == AGENT.kind else world.policies).append(made)
        if execution is not None:
            world.execution[made.key] = Execution.model_validate(execution)
    return world


def dump(world: World) -> str:
    """What was decided, in an order that reads well in a review."""
    found = world.resolved()
    refused = [(p, accepted(p, HOME)) for p in sorted(world.policies, key=lambda p: str(p.key))]
    value = {
        "refused": {str(p.key): f"{c.reason}: {c.message}" for p, c in refused if not c.holds},
        "lost": {
            f"{name}, {key}": {alias: str(winner.key) for alias, winner in aliases.items()}
            for name, one in found.items()
            for key, aliases in one.lost.items()
        },
        "dangling": {f"{name}, {key}": list(what) for name, one in found.items() for key, what in one.dangling.items()},
        "without models": [name for name, one in found.items() if one.row is None],
        "plan": {name: part for name, part in world.plan().items() if name != "digest"},
        "plans of tenants": {namespace: plan["targets"] for namespace, plan in world.tenants().items()},
    }
    return yaml.safe_dump({k: v for k, v in value.items() if v}, sort_keys=False, width=160, allow_unicode=True)
