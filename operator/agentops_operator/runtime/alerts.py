"""Alert rules: written where Prometheus finds them, and looked for in what Prometheus says it has loaded."""

import logging
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

import aiohttp

from agentops_operator.agent.alert_rules import MONITORING_API, loaded, prometheus_rule, rules_config_map
from agentops_operator.agent.facts import Alerting, Key
from agentops_operator.runtime.applier import Applier
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.live import live
from agentops_operator.runtime.looking import FAILURES, FAULTS, Looking
from agentops_operator.runtime.objects import Cluster, ref_of
from agentops_operator.runtime.store import Store

LOG = logging.getLogger(__name__)
EVERY = 30.0  # Prometheus evaluates once a minute by default
CALL = aiohttp.ClientTimeout(total=10)


class AlertsRefusedError(Exception):
    """The API server refused alert rules."""

    expected = True


class AlertWriter:
    """Applies the rules of all namespaces that hold Agents."""

    def __init__(self, cluster: Cluster, applier: Applier, store: Store) -> None:
        self._cluster = cluster
        self._applier = applier
        self._store = store

    async def write(self) -> None:
        """Applies what differs.

        Raises:
            AlertsRefusedError: an object was refused; the others are applied all the same.
        """
        home = self._store.settings.operator_namespace
        namespaces = self._store.agents.namespaces()
        if await self._cluster.serves(MONITORING_API, "PrometheusRule"):
            objects = [prometheus_rule(namespace, home) for namespace in sorted(namespaces | {home})]
            for obj in objects:
                await self._learn(obj)
            await self._prune(namespaces | {home})
        else:
            objects = [rules_config_map(namespaces, self._store.settings)]
        refused = await self._applier.apply_all(objects)
        if refused:
            raise AlertsRefusedError(refused)

    async def _prune(self, wanted: AbstractSet[str]) -> None:
        for item in self._store.children.of_kind("PrometheusRule"):
            if item.ref.namespace not in wanted:
                await self._applier.delete(item)

    async def _learn(self, obj: Mapping[str, Any]) -> None:
        """Rules of Prometheus' API are not watched, as that API may come and go; they are read before they are compared."""
        stored = await self._cluster.get(ref_of(obj))
        if stored is not None:
            self._store.children.put(live(stored, obj["apiVersion"], obj["kind"]))


class RulesSource(Protocol):
    """Prometheus' rules API."""

    async def rules(self) -> Mapping[str, Any]:
        """The answer of `GET /api/v1/rules`."""


class HttpPrometheus:
    """Prometheus over HTTP."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def rules(self) -> Mapping[str, Any]:
        """The answer of `GET /api/v1/rules`."""
        async with (
            aiohttp.ClientSession(timeout=CALL, raise_for_status=True) as session,
            session.get(f"{self._url}/api/v1/rules") as response,
        ):
            answer: Mapping[str, Any] = await response.json(content_type=None)
            return answer


class AlertObserver(Looking):
    """Asks Prometheus which rules it has loaded."""

    def __init__(self, source: RulesSource, store: Store, add: Callable[[Key], None], clock: Clock) -> None:
        super().__init__(clock)
        self._source = source
        self._store = store
        self._add = add

    async def look(self) -> None:
        """Asks once; Prometheus counts as unreachable after three failures."""
        namespaces = self._store.agents.namespaces()
        try:
            found = loaded(await self._source.rules(), namespaces, self._store.settings.operator_namespace)
            self._misses = 0
        except FAULTS as error:
            self._misses += 1
            if self._misses < FAILURES:
                return
            said = Alerting(unreachable=f"Prometheus does not answer: {error or type(error).__name__}")
            found = dict.fromkeys(namespaces, said)
        self._publish(found)

    def _publish(self, found: Mapping[str, Alerting]) -> None:
        before, self._store.alerting = self._store.alerting, dict(found)
        for namespace, alerting in found.items():
            if before.get(namespace) != alerting:
                for agent in self._store.agents.in_namespace(namespace):
                    self._add(agent.key)
