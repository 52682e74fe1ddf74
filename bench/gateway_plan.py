"""How long the gateway's plan takes to compile: every row from nothing, and the fold of known rows after a change."""

import gzip
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from agentops_operator.agent.execution import Execution
from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.gateway.plan import gateway_plan
from agentops_operator.agent.gateway.row import GatewayRow
from agentops_operator.agent.types import AgentSpec
from agentops_operator.kube.digest import canonical
from agentops_operator.policies.budget.types import BudgetSpec
from agentops_operator.policies.fallback.types import ProviderFallbackSpec
from bench.figure import Figure, at_most
from tests.agent.gateway.world import HOME, World

GROUP = "gateway plan"
AGENTS, ALIASES, POLICIES = 1000, 200, 20
REPEATS = 7
LIMIT = 200.0  # ms


def run() -> Iterator[Figure]:
    """Yields the figures; no cluster is needed."""
    method = f"{AGENTS} Agents, {ALIASES} aliases in {POLICIES} policies, a budget each; CPU time, median of {REPEATS}"
    world = fleet()
    rows = _rows(world)
    plan = gateway_plan(rows)
    fresh = [fleet() for _ in range(REPEATS)]  # parsed before; compiled parts of policies are kept with their specs
    yield at_most(GROUP, "whole plan, no row known", _median(lambda: gateway_plan(_rows(fresh.pop()))), "ms", LIMIT, method)
    yield at_most(GROUP, "fold after one Agent changed", _median(lambda: canonical(gateway_plan(rows))), "ms", LIMIT, method)
    yield Figure(GROUP, "size", round(len(canonical(plan)) / 2**20, 2), "MiB", method=method)
    yield Figure(
        GROUP, "size, compressed", round(len(gzip.compress(canonical(plan).encode(), mtime=0)) / 2**10), "KiB", method=method
    )


def fleet() -> World:
    """Agents of 20 teams, each with the ten aliases of its team and one budget."""
    world = World(namespaces={f"team-{n}": {"agentops.dev/team": f"team-{n}"} for n in range(POLICIES)})
    for n in range(POLICIES):
        space = {"matchLabels": {"agentops.dev/team": f"team-{n}"}}
        aliases = [{"name": f"alias-{n}-{i}", "targets": [{"name": "a"}, {"name": "b"}]} for i in range(ALIASES // POLICIES)]
        target = {
            "provider": "openai",
            "model": "gpt-4o",
            "credential": {"secretName": "agentops-llm", "keys": [{"role": "ApiKey", "key": "k"}]},
        }
        targets = [{"name": name, **target} for name in ("a", "b")]
        fallback = {"namespaceSelector": space, "targets": targets, "aliases": aliases}
        world.policies += [
            _resource("ProviderFallback", HOME, f"fallback-{n}", ProviderFallbackSpec.model_validate(fallback)),
            _resource("Budget", HOME, f"budget-{n}", BudgetSpec.model_validate({"namespaceSelector": space, "limit": "100"})),
        ]
    execution = Execution.model_validate({"run": {"steps": {"max": 25}, "cost": {"max": "2"}}, "concurrentRuns": 20})
    for number in range(AGENTS):
        spec = AgentSpec.model_validate({"podSelector": {"matchLabels": {"app": f"a{number}"}}})
        agent = _resource("Agent", f"team-{number % POLICIES}", f"agent-{number}", spec)
        world.agents.append(agent)
        world.execution[agent.key] = execution
    return world


def _resource(kind: str, namespace: str, name: str, spec: Any) -> Resource[Any]:
    return Resource(Key(kind, namespace, name), f"uid-{name}", 1, "2026-01-01T00:00:00Z", spec)


def _rows(world: World) -> dict[str, GatewayRow]:
    return {name: found.row for name, found in world.resolved().items() if found.row is not None}


def _median(work: Callable[[], object]) -> float:
    return statistics.median(_milliseconds(work) for _ in range(REPEATS))


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000
