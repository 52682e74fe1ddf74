"""Looks at the gateway's replicas every few seconds, and makes those Agents due of which it learns something new."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentops_operator.agent.facts import GatewayObservation, Key
from agentops_operator.agent.gateway.probes import between_plans, learned
from agentops_operator.agent.gateway.row import subjects_of
from agentops_operator.agent.kind import AGENT
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.looking import FAILURES, FAULTS, Looking
from agentops_operator.runtime.store import Store

LOG = logging.getLogger(__name__)
LOOKS_A_COUNT = 6  # a page of metrics is large, and to learn who calls there is time
WORST_FIRST = ("Away", "None", "Ready")


class GatewayClient(Protocol):
    """The admin API of the gateway."""

    async def addresses(self) -> tuple[str, ...]:
        """Addresses of all replicas that take calls."""

    async def state(self, address: str) -> Mapping[str, Any]:
        """`GET /v1/state` of a replica."""

    async def callers(self, address: str) -> frozenset[str]:
        """Agents of which the replica has counted a call, as `namespace/agent`."""

    async def usage(self, address: str, agent: str) -> Mapping[str, Any]:
        """`GET /v1/usage` of a replica."""


@dataclass
class Replica:
    """One replica, as it was last seen."""

    failures: int = 0
    state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answers(self) -> bool:
        """Whether it said something not long ago."""
        return bool(self.state) and self.failures < FAILURES


class GatewayObserver(Looking):
    """Keeps what is known of the gateway fresh."""

    def __init__(self, gateway: GatewayClient, store: Store, add: Callable[[Key], None], clock: Clock) -> None:
        super().__init__(clock)
        self._gateway = gateway
        self._store = store
        self._add = add
        self._replicas: dict[str, Replica] = {}
        self._looks = 0
        self._error = ""

    async def look(self) -> None:
        """One look at all replicas."""
        touched = await self._ask_all()
        answering = [replica for replica in self._replicas.values() if replica.answers]
        self._misses = 0 if answering else self._misses + 1
        if not answering and self._misses < FAILURES:
            return
        if answering and len(answering) == len(self._replicas):
            touched |= self._store.gateway_progress.observed(_plan(replica).get("digest", "") for replica in answering)
        touched |= self._probed(answering)
        self._publish(merged(answering, self._error), touched)

    def _probed(self, answering: Iterable[Replica]) -> set[str]:
        """Takes in what was seen of limits; returns the Agents for which they hold."""
        before = self._store.gateway_evidence
        with contextlib.suppress(*FAULTS):  # an answer of another shape shows nothing
            self._store.gateway_evidence = learned(before, [replica.state for replica in answering])
        changed = self._store.gateway_evidence.changed(before)
        if not changed:
            return set()
        return {name for name, row in self._store.gateway_rows.items() if not changed.isdisjoint(subjects_of(name, row))}

    async def _ask_all(self) -> set[str]:
        """Asks every replica; returns the Agents that called for the first time."""
        try:
            addresses = await self._gateway.addresses()
        except OSError as error:
            self._error = f"the gateway's name does not resolve, so no replica is ready: {error}"
            addresses = ()
        for gone in self._replicas.keys() - set(addresses):
            del self._replicas[gone]
        await asyncio.gather(*(self._ask(self._replicas.setdefault(address, Replica()), address) for address in addresses))
        self._looks += 1
        return await self._new_callers(addresses) if self._looks % LOOKS_A_COUNT == 1 else set()

    async def _new_callers(self, addresses: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for address in addresses:
            with contextlib.suppress(*FAULTS):  # metrics may be closed to us; then nothing was seen
                found |= await self._gateway.callers(address)
        new = found - self._store.gateway_callers
        self._store.gateway_callers |= new
        return new

    async def _ask(self, replica: Replica, address: str) -> None:
        try:
            state = await self._gateway.state(address)
            _plan_of(state)  # an answer of another shape is none
            if between_plans(state):
                raise ValueError("a new plan came into force just now")
        except FAULTS as error:
            replica.failures += 1
            self._error = f"{address}: {error or type(error).__name__}"
            return
        replica.failures, replica.state = 0, state

    def _publish(self, said: GatewayObservation, touched: Iterable[str]) -> None:
        before, self._store.gateway = self._store.gateway, said
        if before == said:
            for name in touched:
                namespace, _, agent = name.partition("/")
                self._add(Key(AGENT.kind, namespace, agent))
            return
        LOG.info("gateway: %s", "reachable" if said.reachable else f"unreachable, {said.error}")
        for key in self._store.every_agent():
            self._add(key)


def merged(replicas: Iterable[Replica], error: str) -> GatewayObservation:
    """The gateway over all replicas that answer: a store as bad as the worst one sees it, a credential missing where one is."""
    states = [replica.state for replica in replicas]
    if not states:
        return GatewayObservation(error=error)
    stores = [state.get("store") or {} for state in states]
    worst = min(stores, key=lambda store: _rank(store.get("state", "None")))
    targets = [pair for state in states for pair in (state.get("targets") or {}).items()]
    return GatewayObservation(
        reachable=True,
        plan_error=next((plan["error"] for state in states if (plan := _plan_of(state)).get("error")), ""),
        store=str(worst.get("state", "None")),
        store_error=str(worst.get("error", "")),
        store_forgets=next((str(store["forgets"]) for store in stores if store.get("forgets")), ""),
        missing=frozenset(name for name, target in targets if target.get("state") == "CredentialMissing"),
        guards_tested=all("guardrails" in state for state in states),
        guards_leaked=frozenset(pair for state in states for pair in _leaked(state)),
    )


def _leaked(state: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    leaked: Mapping[str, list[str]] = (state.get("guardrails") or {}).get("leaked") or {}
    return ((guardrail, detector) for guardrail, detectors in leaked.items() for detector in detectors)


def _rank(state: str) -> int:
    return WORST_FIRST.index(state) if state in WORST_FIRST else 0


def _plan(replica: Replica) -> Mapping[str, Any]:
    return _plan_of(replica.state)


def _plan_of(state: Mapping[str, Any]) -> Mapping[str, Any]:
    plan: Mapping[str, Any] = state["plan"]
    plan.get("digest")
    return plan
