"""Looks at the relay every few seconds and makes those Agents due of which it says something new."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from agentops_operator.agent.facts import Key
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.looking import FAILURES, FAULTS, Looking
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.observations import Deliveries, Replica, agent_key, agent_observation, merged_agent, merged_relay
from agentops_operator.runtime.replicas import Replicas
from agentops_operator.runtime.settings import RuntimeSettings
from agentops_operator.runtime.store import Store

LOG = logging.getLogger(__name__)
GREETING = 3.0  # seconds; as long as a sidecar waits
SETTLING = 60.0  # seconds in which a restarted relay does not know all sidecars yet; what it knew before stands


class RelayClient(Protocol):
    """The relay's API."""

    async def addresses(self) -> tuple[str, ...]:
        """Addresses of all replicas."""

    async def observations(self, address: str, since: str) -> Mapping[str, Any]:
        """What a replica has to say since the cursor."""

    async def greets(self, address: str) -> bool:
        """Whether its canary greets the operator."""


class HttpRelay(Replicas):
    """The relay's API over HTTP."""

    def __init__(self, settings: RuntimeSettings) -> None:
        super().__init__(settings.relay_name, settings.relay_port, settings.relay_token)
        self._canary = settings.relay_canary_port

    async def observations(self, address: str, since: str) -> Mapping[str, Any]:
        """`GET /v1/observations` of one replica."""
        return await self.get(address, "/v1/observations", {"since": since} if since else {})

    async def greets(self, address: str) -> bool:
        """Whether anything comes from the canary port; a connection alone may be one to a proxy on the way."""
        try:
            async with asyncio.timeout(GREETING):
                reader, writer = await asyncio.open_connection(address.strip("[]"), self._canary)
                try:
                    greeting = await reader.read(1)
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False
        return bool(greeting)


class Observer(Looking):
    """Keeps the store's observations fresh."""

    def __init__(self, relay: RelayClient, store: Store, add: Callable[[Key], None], clock: Clock, metrics: Metrics) -> None:
        super().__init__(clock)
        self._relay = relay
        self._store = store
        self._add = add
        self._metrics = metrics
        self._replicas: dict[str, Replica] = {}
        self._error = ""
        self._deliveries = Deliveries()

    async def look(self) -> None:
        """One look at all replicas."""
        touched = await self._ask_all()
        answering = any(replica.answered and not replica.failures for replica in self._replicas.values())
        self._misses = 0 if answering else self._misses + 1
        self._metrics.relay_up.set(self._misses < FAILURES)
        if answering:
            self._metrics.observed_at.set(self._clock.now().timestamp())
        if answering or self._misses >= FAILURES:
            self._publish(touched)

    async def _ask_all(self) -> set[Key]:
        try:
            addresses = await self._relay.addresses()
        except OSError as error:
            self._error = f"the relay's name does not resolve: {error}"
            addresses = ()
        touched: set[Key] = set()
        for address in self._replicas.keys() - set(addresses):
            replica = self._replicas[address]
            replica.failures += 1
            if addresses or replica.failures >= FAILURES:
                touched |= self._replicas.pop(address).agents.keys()
        answers: list[Awaitable[set[Key]]] = [self._ask(self._replicas.setdefault(a, Replica()), a) for a in addresses]
        for keys in await asyncio.gather(*answers):
            touched |= keys
        return touched

    async def _ask(self, replica: Replica, address: str) -> set[Key]:
        try:
            answer = await self._relay.observations(address, replica.cursor)
            replica.silent = 0 if await self._relay.greets(address) else replica.silent + 1
            return self._take(replica, answer)
        except FAULTS as error:
            replica.failures += 1
            replica.cursor = ""  # after a gap all is asked anew, since a restarted relay counts from the start
            self._error = f"{address}: {error or type(error).__name__}"
            if replica.failures >= FAILURES:
                replica.answered = False
            return set()

    def _take(self, replica: Replica, answer: Mapping[str, Any]) -> set[Key]:
        news = {agent_key(entry): agent_observation(entry) for entry in answer.get("agents") or []}
        if not replica.cursor:
            replica.since, replica.doubtful = self._clock.monotonic(), set(replica.agents)
        elif _restarted(replica, answer):
            replica.cursor = ""
            return set()  # its cursor began anew: the next look asks for everything
        replica.agents |= news
        replica.doubtful -= news.keys()
        replica.relay, replica.cursor = answer.get("relay") or {}, str(answer.get("cursor", ""))
        replica.failures, replica.answered = 0, True
        return news.keys() | self._outdated(replica)

    def _outdated(self, replica: Replica) -> set[Key]:
        if not replica.doubtful or self._clock.monotonic() - replica.since < SETTLING:
            return set()
        gone, replica.doubtful = replica.doubtful, set()
        for key in gone:
            del replica.agents[key]
        return gone

    def _publish(self, touched: set[Key]) -> None:
        for key in touched:
            self._publish_agent(key)
        relay = self._deliveries.recalled(merged_relay(self._replicas.values(), self._error))
        before, self._store.relay = self._store.relay, relay
        if before != relay:
            LOG.info("relay: %s", "reachable" if relay.reachable else f"unreachable, {relay.error}")
            for key in self._store.every_agent():
                self._add(key)

    def _publish_agent(self, key: Key) -> None:
        parts = [replica.agents[key] for replica in self._replicas.values() if key in replica.agents]
        merged = merged_agent(parts)
        if self._store.observations.get(key) == merged:
            return
        if merged is None:
            self._store.observations.pop(key, None)
        else:
            self._store.observations[key] = merged
        self._add(key)


def _restarted(replica: Replica, answer: Mapping[str, Any]) -> bool:
    """Whether another process answers than the one that gave the cursor: what stands before its last dash names the process."""
    before, now = (str(cursor).rpartition("-") for cursor in (replica.cursor, answer.get("cursor", "")))
    return before[0] != now[0] or (before[2].isdigit() and now[2].isdigit() and int(now[2]) < int(before[2]))
