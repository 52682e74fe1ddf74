"""The kinds of which there are as many as Agents: listed page by page and watched by a loop of ours.

The watching framework holds every object of a list, and a task for each, until all are seen; and after an expired watch it
does not say what is gone. Both are fine for the policies and namespaces that people write by hand.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.egress.policy import NETWORK_POLICY, NETWORKING
from agentops_operator.agent.gateway.tenant import KINDS as TENANT_OBJECTS
from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.kind import AGENT, INJECTION_INDEX
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import LABEL_MANAGED_BY, MANAGED_BY, TENANT_GATEWAY
from agentops_operator.policies.evaluation.kind import EVAL_RUN
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.evaluation_cache import JOB_KIND
from agentops_operator.runtime.follow import Collection, follow
from agentops_operator.runtime.intake import Intake
from agentops_operator.runtime.known import Place, known, place_of
from agentops_operator.runtime.objects import Cluster, Ref
from agentops_operator.runtime.store import Store

OURS = f"{LABEL_MANAGED_BY}={MANAGED_BY}"


@dataclass(frozen=True)
class Followed:
    """A kind that is followed.

    Attributes:
        kind: the kind.
        api_version: its API version.
        labels: narrows the watch at the API server.
        name: the only name that is looked for; empty: all.
        metadata: whether metadata is enough: content that is large is read only when somebody else changed it.
        needed: whether work waits for its first list, even when that is refused again and again.
    """

    kind: str
    api_version: str
    labels: str = ""
    name: str = ""
    metadata: bool = False
    needed: bool = True


FOLLOWED = (
    Followed(AGENT.kind, API_VERSION),
    Followed(EVAL_RUN.kind, API_VERSION),
    Followed(RUN_HOLD.kind, API_VERSION),
    Followed(INJECTION_INDEX.kind, API_VERSION, metadata=True),
    Followed("ConfigMap", "v1", OURS),
    Followed("CronJob", "batch/v1", OURS),
    Followed(JOB_KIND, "batch/v1", OURS),
    Followed(NETWORK_POLICY, NETWORKING),  # those of others too: they add up with ours
    *(
        Followed(kind, version, OURS, TENANT_GATEWAY, needed=False)
        for version, kind in TENANT_OBJECTS
        if kind not in ("ConfigMap", NETWORK_POLICY)
    ),
)
AT_HOME = (
    Followed("StatefulSet", "apps/v1", OURS, needed=False),
    Followed("Deployment", "apps/v1", OURS, needed=False),
)
"""Read in the operator's namespace only; without their lists relay and gateway are applied once more than needed, not never."""


class KindWatch:
    """Follows one kind in one namespace, or in all of them."""

    def __init__(self, cluster: Cluster, clock: Clock, store: Store, intake: Intake, what: Followed, namespace: str) -> None:
        self._cluster = cluster
        self._clock = clock
        self._store = store
        self._intake = intake
        self._what = what
        self._namespace = namespace
        self._before: Mapping[Place, Mapping[str, Any]] = {}
        self.listed = asyncio.Event()

    @property
    def kind(self) -> str:
        """The kind that is followed."""
        return self._what.kind

    async def run(self) -> None:
        """Follows until cancelled."""
        what = self._what
        collection = Collection(
            ref=Ref(what.api_version, what.kind, self._namespace, ""),
            labels=what.labels,
            fields=f"metadata.name={what.name}" if what.name else "",
            metadata=what.metadata,
            before_list=self._remember,
            read=self._seen,
            listed=self._compare,
            event=self._event,
            failed=self._failed,
        )
        await follow(self._cluster, self._clock, collection)

    def _remember(self) -> None:
        self._before = self._known()

    def _known(self) -> dict[Place, Mapping[str, Any]]:
        """What is known of that which this watch shows, and of nothing else."""
        name = self._what.name
        found = known(self._store, self._what.kind, self._namespace)
        return {place: body for place, body in found.items() if not name or place[1] == name}

    def _seen(self, body: dict[str, Any]) -> Place:
        self._intake.seen(self._what.kind, body, whole=not self._what.metadata)
        return place_of(body)

    def _compare(self, places: list[Place]) -> None:
        """What was known before the list and is not in it is gone; what we made meanwhile is not missing."""
        found, now = set(places), self._known()
        for place, body in self._before.items():
            if place not in found and now.get(place) == body:
                self._intake.gone(self._what.kind, body)
        self._before = {}
        self.listed.set()

    def _event(self, kind: str, body: dict[str, Any]) -> None:
        if kind == "DELETED":
            self._intake.gone(self._what.kind, body)
        else:
            self._seen(body)

    def _failed(self) -> None:
        if not self._what.needed:
            self.listed.set()
