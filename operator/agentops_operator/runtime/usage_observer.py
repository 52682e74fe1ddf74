"""Asks the gateway now and then what budgets have used, for statuses and metrics."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from agentops_operator.agent.facts import Key
from agentops_operator.agent.gateway.usage import BudgetCount, counts_in
from agentops_operator.policies.budget.kind import BUDGET
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.looking import FAULTS
from agentops_operator.runtime.store import Store

PAUSE = 0.02  # seconds between two questions: a thousand Agents are asked for in twenty seconds, beside other work


class UsageClient(Protocol):
    """What the gateway says of an Agent's use."""

    async def addresses(self) -> tuple[str, ...]:
        """Addresses of all replicas that take calls; all of them read one store."""

    async def usage(self, address: str, agent: str) -> Mapping[str, Any]:
        """`GET /v1/usage` of a replica."""


class GatewaySeries:
    """The metrics of gateway and budgets, as a collector: their series come and go with them."""

    def __init__(self, registry: CollectorRegistry, store: Store) -> None:
        self._store = store
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """All series."""
        used = GaugeMetricFamily(
            "agentops_budget_used_ratio",
            "Share of a budget's limit that a scope has used in its window.",
            labels=["namespace", "budget", "scope"],
        )
        step = GaugeMetricFamily(
            "agentops_budget_step",
            "1 for the step of its ladder that a budget reached in a scope.",
            labels=["namespace", "budget", "scope", "step"],
        )
        for name, counts in self._store.budget_counts.items():
            namespace, _, budget = name.partition("/")
            for count in counts.values():
                if count.step:
                    step.add_metric([namespace, budget, count.scope, count.step], 1.0)
                used.add_metric([namespace, budget, count.scope], count.used / count.limit if count.limit else 0.0)
        yield used
        yield step
        reachable = GaugeMetricFamily("agentops_gateway_reachable", "1 while a replica of the gateway answers.")
        if self._store.settings.gateway.enabled:
            reachable.add_metric([], float(self._store.gateway.reachable))
        yield reachable


class UsageObserver:
    """Keeps what is known of use fresh."""

    def __init__(self, gateway: UsageClient, store: Store, add: Callable[[Key], None], clock: Clock) -> None:
        self._gateway = gateway
        self._store = store
        self._add = add
        self._clock = clock

    async def run(self, every: float) -> None:
        """Asks for ever."""
        while True:
            await self._clock.sleep(every)
            await self.look()

    async def look(self) -> None:
        """Asks once for every Agent that a budget or a limit counts."""
        try:
            addresses = await self._gateway.addresses()
        except OSError:
            return
        counts: dict[str, dict[str, BudgetCount]] = {}
        for number, agent in enumerate(self._store.gateway_counted):
            answer = await self._ask(addresses[number % len(addresses)], agent)
            if answer is None:
                return  # half of the counts would seem to be all
            for budget, count in counts_in(answer).items():
                counts.setdefault(budget, {})[count.scope] = count
            await self._clock.sleep(PAUSE)
        self._publish(counts)

    async def _ask(self, address: str, agent: str) -> Mapping[str, Any] | None:
        with contextlib.suppress(*FAULTS):
            return await self._gateway.usage(address, agent)
        return None

    def _publish(self, counts: dict[str, dict[str, BudgetCount]]) -> None:
        before, self._store.budget_counts = self._store.budget_counts, counts
        for name in before.keys() | counts.keys():
            if _told(before.get(name, {})) != _told(counts.get(name, {})):
                namespace, _, budget = name.partition("/")
                self._add(Key(BUDGET.kind, namespace, budget))


def _told(counts: Mapping[str, BudgetCount]) -> dict[str, BudgetCount]:
    return {scope: count.told for scope, count in counts.items()}
