"""Follows what controllers say of pods that they could not create; nowhere else is it told why a pod was refused."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agentops_operator.agent.facts import Key, Refusal
from agentops_operator.agent.match import owner_keys
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.follow import Collection, follow
from agentops_operator.runtime.objects import Cluster, Ref
from agentops_operator.runtime.store import Store

FAILED = "reason=FailedCreate"
NOISE = re.compile(
    r"^(?:\(combined from similar events\): )?"
    r"(?:Error creating: |create Pod \S+ in StatefulSet \S+ failed error: )?"
    r"(?:pods \"[^\"]*\" is forbidden: )?"
)
LONGEST = 600  # characters of a message; the status shows 1,024


def refusals(event: Mapping[str, Any]) -> list[Refusal]:
    """What an event says, for each key under which an Agent may claim the workload."""
    regarding = event.get("involvedObject") or {}
    kind, name = regarding.get("kind", ""), regarding.get("name", "")
    at = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""
    message = NOISE.sub("", event.get("message") or "", count=1)[:LONGEST].strip().rstrip(".")
    # A ReplicaSet's name ends with the hash of its pod template, which the event does not tell apart.
    hashed = {"pod-template-hash": name.rpartition("-")[2]}
    return [Refusal(key, message, at[:19] + "Z") for key in owner_keys(kind, name, hashed)]


class RefusalWatcher:
    """Keeps the store's refusals fresh."""

    def __init__(
        self, cluster: Cluster, clock: Clock, store: Store, add: Callable[[Key], None], namespaces: tuple[str, ...] = ()
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._store = store
        self._add = add
        self._scopes = namespaces or ("",)
        self._listed: set[str] = set()
        self.listed = asyncio.Event()

    async def run(self) -> None:
        """Follows until cancelled."""
        await asyncio.gather(*(follow(self._cluster, self._clock, self._collection(scope)) for scope in self._scopes))

    def _collection(self, scope: str) -> Collection:
        return Collection(
            ref=Ref("v1", "Event", scope, ""),
            fields=FAILED,
            listed=lambda items: self._take(scope, items),
            event=self._event,
            failed=lambda: self._heard(scope),  # without the right to look, everything else goes on
        )

    def _take(self, scope: str, items: list[dict[str, Any]]) -> None:
        found = {item["metadata"]["uid"] for item in items}
        for namespace, uid in self._store.refusals.uids(scope):
            if uid not in found:
                self._due(self._store.refusal_gone(namespace, uid))
        for item in items:
            self._seen(item)
        self._heard(scope)

    def _heard(self, scope: str) -> None:
        self._listed.add(scope)
        if self._listed.issuperset(self._scopes):
            self.listed.set()

    def _event(self, kind: str, body: dict[str, Any]) -> None:
        if kind == "DELETED":
            self._due(self._store.refusal_gone(body["metadata"]["namespace"], body["metadata"]["uid"]))
        else:
            self._seen(body)

    def _seen(self, body: dict[str, Any]) -> None:
        if body.get("reason") == "FailedCreate":
            metadata = body["metadata"]
            self._due(self._store.refusal_seen(metadata["namespace"], metadata["uid"], refusals(body)))

    def _due(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._add(key)
