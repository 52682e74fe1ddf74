"""Looks at the gateways of namespaces that bring credentials: which targets are in force there, and which lack their Secret."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from agentops_operator.agent.facts import Key
from agentops_operator.agent.tenant_gateway import TenantGatewayObservation
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.looking import FAILURES, FAULTS, Looking
from agentops_operator.runtime.store import Store

AT_ONCE = 32  # namespaces that are asked in one look; a thousand of them must not cost more than the Agents do
LONGEST = 300  # characters of an error that comes from a tenant's namespace


class TenantClient(Protocol):
    """The admin API of these gateways."""

    async def states(self, namespace: str) -> list[Mapping[str, Any]]:
        """`GET /v1/state` of every ready replica in a namespace."""


class TenantObserver(Looking):
    """Keeps what is known of them fresh; those that were not asked for longest come first."""

    def __init__(self, client: TenantClient, store: Store, add: Callable[[Key], None], clock: Clock) -> None:
        super().__init__(clock)
        self._client = client
        self._store = store
        self._add = add
        self._looks = 0
        self._asked: dict[str, int] = {}
        self._failures: dict[str, int] = {}

    async def look(self) -> None:
        """One look at some of the namespaces."""
        self._looks += 1
        every = self._store.tenant_namespaces()
        for gone in self._asked.keys() - every:
            self._asked.pop(gone)
            self._failures.pop(gone, None)
        waiting = sorted(every, key=lambda namespace: (self._asked.get(namespace, 0), namespace))[:AT_ONCE]
        self._asked.update(dict.fromkeys(waiting, self._looks))
        await asyncio.gather(*map(self._look_at, waiting))
        self._misses = max((self._failures.get(namespace, 0) for namespace in waiting), default=0)

    async def _look_at(self, namespace: str) -> None:
        try:
            seen = observed(await self._client.states(namespace))
        except FAULTS as error:
            failures = self._failures[namespace] = self._failures.get(namespace, 0) + 1
            if failures < FAILURES:
                return
            seen = TenantGatewayObservation(error=f"no replica answers: {error or type(error).__name__}"[:LONGEST])
        else:
            self._failures.pop(namespace, None)
        if self._store.tenant_gateways.get(namespace) != seen:
            self._store.tenant_gateways[namespace] = seen
            for agent in self._store.agents.in_namespace(namespace):
                self._add(agent.key)


def observed(states: Sequence[Mapping[str, Any]]) -> TenantGatewayObservation:
    """All replicas together: what every one of them has, what any of them lacks."""
    if not states:
        return TenantGatewayObservation(error="no replica is ready")
    digests = [{name: str(target["digest"]) for name, target in state["targets"].items()} for state in states]
    common = {name: version for name, version in digests[0].items() if all(other.get(name) == version for other in digests)}
    missing = {name for state in states for name, target in state["targets"].items() if target["state"] == "CredentialMissing"}
    error = next((str(state["plan"]["error"]) for state in states if state["plan"].get("error")), "")
    return TenantGatewayObservation(common, frozenset(missing), error[:LONGEST])
