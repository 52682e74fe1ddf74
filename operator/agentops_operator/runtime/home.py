"""The relay's StatefulSet: watched in the operator's namespace only, because nowhere else may it be read."""

import asyncio
from typing import Any

from agentops_operator.kube.names import LABEL_MANAGED_BY, MANAGED_BY
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.follow import Collection, follow
from agentops_operator.runtime.intake import Intake
from agentops_operator.runtime.objects import Cluster, Ref
from agentops_operator.runtime.store import Store

KIND = "StatefulSet"


class Home:
    """Follows our objects in the operator's namespace that no other watch shows."""

    def __init__(self, cluster: Cluster, clock: Clock, store: Store, intake: Intake) -> None:
        self._store = store
        self._intake = intake
        self.listed = asyncio.Event()
        self._cluster = cluster
        self._clock = clock

    async def run(self) -> None:
        """Follows until cancelled."""
        what = Collection(
            ref=Ref("apps/v1", KIND, self._store.settings.operator_namespace, ""),
            labels=f"{LABEL_MANAGED_BY}={MANAGED_BY}",
            listed=self._take,
            event=self._event,
            failed=self.listed.set,  # without the list the relay is applied once more than needed, not never
        )
        await follow(self._cluster, self._clock, what)

    def _take(self, items: list[dict[str, Any]]) -> None:
        names = {item["metadata"]["name"] for item in items}
        for item in self._store.children.of_kind(KIND):
            if item.ref.name not in names:
                self._intake.gone(KIND, {"metadata": {"namespace": item.ref.namespace, "name": item.ref.name}})
        for body in items:
            self._intake.seen(KIND, body)
        self.listed.set()

    def _event(self, kind: str, body: dict[str, Any]) -> None:
        if kind == "DELETED":
            self._intake.gone(KIND, body)
        else:
            self._intake.seen(KIND, body)
