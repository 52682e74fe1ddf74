"""The injection index of each namespace: whole, at most once a second, and never by halves.

The map is one atomic field of one object. 5,000 Agents make about 0.9 MB, and the API server takes 1.5 MB for one object;
beyond that the index needs a second object and a second binding of the admission policy.
"""

from typing import Any

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.index import build_index
from agentops_operator.agent.types import AgentSpec
from agentops_operator.kube.digest import canonical
from agentops_operator.runtime.agents import Agents
from agentops_operator.runtime.applier import Applier
from agentops_operator.runtime.attendance import Attendance
from agentops_operator.runtime.child_cache import ChildCache
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.objects import Cluster, ref_of

Entries = tuple[tuple[str, dict[str, Any]], ...]
Row = tuple[tuple[str, str], str, dict[str, Any]]
UNKNOWN_AGE = ("~", "")  # sorts behind every time, so that a row of a broken Agent takes no pod from a sound one

PAUSE = 1.0  # seconds between two writes of one namespace: each write makes every API server load the whole map again


class IndexWriter:
    """Collects the rows of all Agents of a namespace and writes them as one object."""

    def __init__(
        self, cluster: Cluster, applier: Applier, children: ChildCache, agents: Agents, attendance: Attendance, clock: Clock,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self._cluster = cluster
        self._applier = applier
        self._children = children
        self._agents = agents
        self._attendance = attendance
        self._clock = clock
        self._metrics = metrics
        self._rows: dict[str, dict[str, tuple[tuple[str, str], Entries]]] = {}
        self._written: dict[str, float] = {}

    def put(self, agent: Resource[AgentSpec], entries: Entries) -> bool:
        """Takes the rows of an Agent; says whether they are new."""
        rows = self._rows.setdefault(agent.key.namespace, {})
        new = (agent.age_order, entries)
        if rows.get(agent.key.name) == new:
            return False
        rows[agent.key.name] = new
        return True

    def drop(self, key: Key) -> bool:
        """Takes the rows of an Agent out."""
        return self._rows.get(key.namespace, {}).pop(key.name, None) is not None

    def pause(self, namespace: str) -> float:
        """Seconds until the namespace may be written again."""
        return max(0.0, self._written.get(namespace, -PAUSE) + PAUSE - self._clock.monotonic())

    async def write(self, namespace: str) -> float | None:
        """Writes the index if it differs; returns the seconds to wait when it is too early."""
        if not self._attendance.complete_in(namespace):
            return None  # the last Agent to have its pass makes the namespace due again
        if (wait := self.pause(namespace)) > 0:
            return wait
        desired = build_index(namespace, await self._all_rows(namespace))
        if not desired["agents"]:
            await self._remove(desired)
        else:
            if await self._applier.apply(desired):
                self._written[namespace] = self._clock.monotonic()
            self._metrics.index_bytes.labels(namespace).set(len(canonical(desired["agents"])))
        return None

    async def _all_rows(self, namespace: str) -> list[Row]:
        known = self._rows.get(namespace, {})
        rows = [(age, key, entry) for age, entries in known.values() for key, entry in entries]
        silent = set(self._agents.names(namespace)) - known.keys()
        return rows + await self._last_known(namespace, silent) if silent else rows

    async def _last_known(self, namespace: str, names: set[str]) -> list[Row]:
        """Rows of Agents that could not be worked on since the process began: they stay as they were."""
        stored = await self._cluster.get(ref_of(build_index(namespace, ()))) or {}
        return [
            (UNKNOWN_AGE, key, entry)
            for key, entries in (stored.get("agents") or {}).items()
            for entry in entries
            if entry.get("agent") in names
        ]

    async def _remove(self, desired: dict[str, Any]) -> None:
        item = self._children.get(ref_of(desired))
        if item is not None:
            await self._applier.delete(item)
        self._metrics.index_bytes.remove(desired["metadata"]["namespace"])
