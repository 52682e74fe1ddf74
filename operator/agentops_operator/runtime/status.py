"""Status is written once a pass at most, and only when it says something new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.facts import Invalid, Key, Resource
from agentops_operator.api.condition import Condition, merge
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.digest import digest
from agentops_operator.runtime.clock import Clock, rfc3339
from agentops_operator.runtime.objects import Cluster
from agentops_operator.runtime.parse import slim

Object = Resource[Any] | Invalid
Status = Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """A status that replaced another."""

    before: Status
    after: Status


class StatusWriter:
    """Compares the desired status with the one that the API server last showed."""

    def __init__(self, cluster: Cluster, clock: Clock, writing: dict[Key, Status]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._writing = writing  # so that an event that is faster than the answer is no reason for another pass
        self._settled: dict[Key, tuple[str, str]] = {}

    async def write(self, obj: Object, conditions: Sequence[Condition], fields: Status) -> Written | None:
        """Writes the status if it differs; None when it does not."""
        after = self.desired(obj, conditions, fields)
        if same(obj.status, after) or self._is_settled(obj, after):
            return None
        metadata = {"name": obj.key.name, "namespace": obj.key.namespace, "uid": obj.uid}
        body = {"apiVersion": API_VERSION, "kind": obj.key.kind, "metadata": metadata, "status": after}
        self._writing[obj.key] = after
        try:
            answer = await self._cluster.apply_status(body)
        finally:
            del self._writing[obj.key]
        stored = slim(answer.get("status") or {})
        # The API server may add defaults. Told apart from a change by somebody else only by this memory.
        self._settled.pop(obj.key, None)
        if not same(stored, after):
            self._settled[obj.key] = (digest(after), digest(stored))
        return Written(obj.status, stored)

    def _is_settled(self, obj: Object, after: Status) -> bool:
        return obj.key in self._settled and self._settled[obj.key] == (digest(after), digest(dict(obj.status)))

    def desired(self, obj: Object, conditions: Sequence[Condition], fields: Status) -> dict[str, Any]:
        """The whole status; `lastTransitionTime` is kept where nothing changed, so that equal facts give equal status."""
        now = rfc3339(self._clock.now())
        merged = merge(obj.status.get("conditions") or [], conditions, obj.generation, now)
        return {**fields, "observedGeneration": obj.generation, "conditions": merged}

    def forget(self, key: Key) -> None:
        """Forgets an object that is gone."""
        self._settled.pop(key, None)


def same(one: Any, other: Any) -> bool:
    """Whether two statuses say the same; absent and empty are one."""
    if one == other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(name), other.get(name)) for name in one.keys() | other.keys())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return _empty(one) and _empty(other)


def _empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_empty, value.values()))
    return value in (None, "", [], ())
