"""The metrics of held runs, as a collector: their series come and go with the runs."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from agentops_operator.agent.holds.record import Record
from agentops_operator.agent.holds.types import RunState
from agentops_operator.runtime.hold_cache import HoldCache

COUNTED = ("namespace", "agent", "state")
NAMED = ("namespace", "agent", "hold", "run", "reason", "limit", "link")


class HoldSeries:
    """How many runs wait of each Agent, and what each recorded one cost: as many series as an Agent may have open records."""

    def __init__(self, registry: CollectorRegistry, holds: HoldCache) -> None:
        self._holds = holds
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """All series."""
        held = "Runs that wait for a person, or that one took over."
        counts = GaugeMetricFamily("agentops_held_runs", held, labels=COUNTED)
        for (agent, state), count in self._holds.counts().items():
            counts.add_metric([agent.namespace, agent.name, state], float(count))
        costs = GaugeMetricFamily("agentops_run_hold_cost_usd", "What a run had cost when it began to wait.", labels=NAMED)
        for record in map(self._holds.get, self._holds.open()):
            if record is not None and record.status.get("state") == RunState.HELD:
                costs.add_metric(_names(record), float(record.status.get("cost", 0)))
        yield from (counts, costs)


def _names(record: Record) -> list[str]:
    told = [str(record.status.get(name, "")) for name in NAMED[4:]]
    return [record.key.namespace, record.spec.agent, record.key.name, record.spec.run, *told]
