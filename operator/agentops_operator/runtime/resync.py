"""Finds policies and namespaces that were deleted while a watch was broken.

When a stream cannot be continued, the watching framework lists anew and shows what is there; what is not there any more
it does not tell. Without this look, a deleted policy would stay in force until the next restart.
"""

import logging
import random
from collections.abc import Callable

from agentops_operator.api.kind import API_VERSION
from agentops_operator.policies import POLICIES
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.intake import Intake
from agentops_operator.runtime.known import Place, known, place_of
from agentops_operator.runtime.objects import ApiError, Cluster, Ref
from agentops_operator.runtime.store import Store

LOG = logging.getLogger(__name__)
FIRST = 30.0  # seconds; the framework's own first list comes a moment after ours, and would miss a deletion between them
EVERY = 600.0
KINDS = {**{info.kind: API_VERSION for info in POLICIES}, "Namespace": "v1"}
"""Kinds that the watching framework follows, with their API versions."""


class Resync:
    """Lists what people write by hand: in whole before work begins, by name now and then."""

    def __init__(self, cluster: Cluster, clock: Clock, store: Store, intake: Intake, namespaces: tuple[str, ...] = ()) -> None:
        self._cluster = cluster
        self._clock = clock
        self._store = store
        self._intake = intake
        self._namespaces = namespaces or ("",)
        self.unlisted = [kind for kind, _ in self._kinds()]  # listed one after another

    async def fill(self) -> None:
        """Takes in every object that is there, however often the API server must be asked."""
        for kind, version in self._kinds():
            while True:
                try:
                    await self._take(kind, version)
                    self.unlisted.remove(kind)
                    break
                except ApiError as error:
                    LOG.warning("first list of %s: %s", kind, error)
                    await self._clock.sleep(1.0)

    async def run(self, luck: Callable[[], float] = random.random) -> None:
        """Looks for ever, at times that replicas and clusters do not share."""
        await self._clock.sleep(FIRST)
        while True:
            await self.look()
            await self._clock.sleep(EVERY * (0.75 + luck() / 2))

    async def look(self) -> None:
        """One look at every kind."""
        for kind, version in self._kinds():
            await self._compare(kind, version)

    def _kinds(self) -> list[tuple[str, str]]:
        """Without cluster-scoped kinds where only some namespaces may be read."""
        return [(kind, version) for kind, version in KINDS.items() if kind != "Namespace" or self._namespaces == ("",)]

    async def _take(self, kind: str, version: str) -> None:
        for namespace in self._namespaces:
            async for items, _ in self._cluster.pages(Ref(version, kind, namespace, "")):
                for body in items:
                    self._intake.seen(kind, body)

    async def _compare(self, kind: str, version: str) -> None:
        before = known(self._store, kind)  # before the list: what appears meanwhile is not missing
        try:
            found = {place for namespace in self._namespaces for place in await self._places(kind, version, namespace)}
        except ApiError as error:
            LOG.warning("resync of %s: %s", kind, error)
            return
        now = known(self._store, kind)
        for place, body in before.items():
            if place not in found and now.get(place) == body:
                LOG.info("%s %s/%s went unseen", kind, *place)
                self._intake.gone(kind, body)

    async def _places(self, kind: str, version: str, namespace: str) -> set[Place]:
        items, _ = await self._cluster.list(Ref(version, kind, namespace, ""), metadata=True)
        return set(map(place_of, items))
