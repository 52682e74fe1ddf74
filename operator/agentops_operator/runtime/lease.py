"""One replica works: a Lease says which. The others wait and answer probes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from agentops_operator.runtime.clock import Clock, rfc3339_micro
from agentops_operator.runtime.objects import ApiError, Cluster, Ref

LOG = logging.getLogger(__name__)
NAME = "agentops-operator"
DURATION = 15.0  # a leader that has not renewed for so long has lost
DEADLINE = 10.0  # a leader that cannot renew for so long stops by itself, well before another may begin
RETRY = 2.0


class LeaseLostError(Exception):
    """Another replica may lead now, so this process must end."""


class Lease:
    """The Lease of the operator, and whether this replica holds it."""

    def __init__(self, cluster: Cluster, clock: Clock, namespace: str, identity: str) -> None:
        self._cluster = cluster
        self._clock = clock
        self._ref = Ref("coordination.k8s.io/v1", "Lease", namespace, NAME)
        self._identity = identity
        self._seen: tuple[str, float] = ("", 0.0)  # version of a foreign lease, and when we first saw it, by our own clock
        # When the last renewal was begun: others may count from then on, and the answer to it may take seconds.
        self._renewed = 0.0
        self.held = False

    async def acquire(self) -> None:
        """Waits until this replica leads."""
        while not await self._try():
            await self._clock.sleep(RETRY)
        self.held = True
        LOG.info("%s leads", self._identity)

    async def hold(self) -> None:
        """Renews for ever.

        Raises:
            LeaseLostError: the lease could not be renewed in time, or another replica holds it.
        """
        while True:
            await self._clock.sleep(RETRY)
            renewed = await self._in_time(self._try, DEADLINE - self._age())
            if not renewed and (self._age() >= DEADLINE or self._seen[0]):
                self.held = False
                raise LeaseLostError(f"{self._identity} does not lead any more")

    async def release(self) -> None:
        """Gives the lease up, so that the next replica need not wait for its end."""
        if not self.held:
            return
        self.held = False
        try:
            now = await self._cluster.get(self._ref)
            if now is not None and (now.get("spec") or {}).get("holderIdentity") == self._identity:
                await self._cluster.replace({**now, "spec": {**now["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}})
        except ApiError as error:
            LOG.warning("lease was not released: %s", error)

    async def _in_time(self, attempt: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        try:
            return await asyncio.wait_for(attempt(), max(0.1, seconds))
        except TimeoutError:
            return False

    def _age(self) -> float:
        return self._clock.monotonic() - self._renewed

    async def _try(self) -> bool:
        try:
            now = await self._cluster.get(self._ref)
            begun = self._clock.monotonic()
            if now is None:
                await self._cluster.create(self._body({}))
            elif self._free(now):
                await self._cluster.replace(self._body(now))
            else:
                return False
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:
                LOG.warning("lease: %s", error)
            return False
        self._seen, self._renewed = ("", 0.0), begun
        return True

    def _free(self, lease: dict[str, Any]) -> bool:
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if holder in ("", self._identity):
            return True
        # Clocks of machines differ: what counts is how long *we* have seen the lease unchanged.
        version, now = lease["metadata"]["resourceVersion"], self._clock.monotonic()
        if self._seen[0] != version:
            self._seen = (version, now)
        return now - self._seen[1] >= float(spec.get("leaseDurationSeconds") or DURATION)

    def _body(self, now: dict[str, Any]) -> dict[str, Any]:
        old = now.get("spec") or {}
        moment = rfc3339_micro(self._clock.now())
        ours = old.get("holderIdentity") == self._identity
        return {
            "apiVersion": self._ref.api_version,
            "kind": "Lease",
            "metadata": {
                "name": self._ref.name,
                "namespace": self._ref.namespace,
                **{name: now["metadata"][name] for name in ("resourceVersion",) if now},
            },
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": int(DURATION),
                "acquireTime": old.get("acquireTime", moment) if ours else moment,
                "renewTime": moment,
                "leaseTransitions": int(old.get("leaseTransitions") or 0) + (0 if ours else 1),
            },
        }
