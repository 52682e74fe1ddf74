"""Refusals of pods by the workload that wanted them."""

from collections.abc import Iterable

from agentops_operator.agent.facts import Refusal

Place = tuple[str, str]  # namespace and workload


class RefusalCache:
    """What the events of the last hour say; the API server drops older ones by itself."""

    def __init__(self) -> None:
        self._by_event: dict[tuple[str, str], tuple[Refusal, ...]] = {}
        self._by_place: dict[Place, dict[str, Refusal]] = {}

    @property
    def empty(self) -> bool:
        """Whether no pod was refused anywhere."""
        return not self._by_event

    def put(self, namespace: str, uid: str, refusals: Iterable[Refusal]) -> set[str]:
        """Takes in what an event says; returns the workloads of which that is new."""
        old, new = self._by_event.get((namespace, uid), ()), tuple(refusals)
        if old == new:
            return set()
        self.drop(namespace, uid)
        self._by_event[namespace, uid] = new
        for refusal in new:
            self._by_place.setdefault((namespace, refusal.workload), {})[uid] = refusal
        return {refusal.workload for refusal in (*old, *new)}

    def drop(self, namespace: str, uid: str) -> set[str]:
        """Forgets an event; returns the workloads that it spoke of."""
        old = self._by_event.pop((namespace, uid), ())
        for refusal in old:
            place = (namespace, refusal.workload)
            events = self._by_place.get(place, {})
            events.pop(uid, None)
            if not events:
                self._by_place.pop(place, None)
        return {refusal.workload for refusal in old}

    def uids(self, namespace: str) -> tuple[tuple[str, str], ...]:
        """Namespace and uid of all events; of one namespace when it is named."""
        return tuple(key for key in self._by_event if namespace in ("", key[0]))

    def of(self, namespace: str, workloads: Iterable[str]) -> tuple[Refusal, ...]:
        """Refusals of these workloads, in an order that does not depend on that of the events."""
        found = {refusal for name in workloads for refusal in self._by_place.get((namespace, name), {}).values()}
        return tuple(sorted(found, key=lambda refusal: (refusal.at, refusal.workload, refusal.message)))
