"""Finds objects that were deleted while a watch was broken.

When a stream cannot be continued, the watching framework lists anew and shows what is there; what is not there any more
it does not tell. Without this look, a deleted Agent would keep its entry in the index until the next restart.
"""

import logging
import random
from collections.abc import Callable, Mapping
from typing import Any

from agentops_operator.agent.kind import AGENT
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import LABEL_MANAGED_BY, MANAGED_BY
from agentops_operator.policies import POLICIES
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.intake import CHILDREN, Intake
from agentops_operator.runtime.objects import ApiError, Cluster, Ref
from agentops_operator.runtime.store import Store

LOG = logging.getLogger(__name__)
EVERY = 600.0
OURS = f"{LABEL_MANAGED_BY}={MANAGED_BY}"
Place = tuple[str, str]  # namespace and name


class Resync:
    """Lists names now and then, and tells of those that are gone."""

    def __init__(self, cluster: Cluster, clock: Clock, store: Store, intake: Intake, namespaces: tuple[str, ...] = ()) -> None:
        self._cluster = cluster
        self._clock = clock
        self._store = store
        self._intake = intake
        self._namespaces = namespaces or ("",)

    async def run(self, luck: Callable[[], float] = random.random) -> None:
        """Looks for ever, at times that replicas and clusters do not share."""
        while True:
            await self._clock.sleep(EVERY * (0.75 + luck() / 2))
            await self.look()

    async def look(self) -> None:
        """One look at every kind that is watched over the whole reach."""
        for kind in (AGENT.kind, *(info.kind for info in POLICIES)):
            await self._compare(kind, API_VERSION, "")
        for kind, version in CHILDREN.items():
            if kind != "StatefulSet":  # followed by a watch of ours, which compares by itself
                await self._compare(kind, version, OURS)

    async def _compare(self, kind: str, version: str, labels: str) -> None:
        known = self._known(kind)  # before the list: what appears meanwhile is not missing
        try:
            found = {place for namespace in self._namespaces for place in await self._list(kind, version, namespace, labels)}
        except ApiError as error:
            LOG.warning("resync of %s: %s", kind, error)
            return
        for place, body in known.items():
            if place not in found and self._known(kind).get(place) == body:
                LOG.info("%s %s/%s went unseen", kind, *place)
                self._intake.gone(kind, body)

    async def _list(self, kind: str, version: str, namespace: str, labels: str) -> set[Place]:
        items, _ = await self._cluster.list(Ref(version, kind, namespace, ""), labels=labels, metadata=True)
        return {(item["metadata"].get("namespace", ""), item["metadata"]["name"]) for item in items}

    def _known(self, kind: str) -> dict[Place, Mapping[str, Any]]:
        if kind == AGENT.kind:
            return {(a.key.namespace, a.key.name): _body(a.key.namespace, a.key.name, a.uid) for a in self._store.agents}
        if kind in CHILDREN:
            return {
                (item.ref.namespace, item.ref.name): _body(item.ref.namespace, item.ref.name, item.uid, item.content["metadata"])
                for item in self._store.children.of_kind(kind)
            }
        policies = [self._store.policies.get(key) for key in self._store.policies.keys() if key.kind == kind]  # noqa: SIM118
        return {(p.key.namespace, p.key.name): _body(p.key.namespace, p.key.name, p.uid) for p in policies if p}


def _body(namespace: str, name: str, uid: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"metadata": {**(more or {}), "namespace": namespace, "name": name, "uid": uid}}
