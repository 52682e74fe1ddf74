"""Pods by the keys under which Agents claim them."""

from collections.abc import Iterable, Iterator

from agentops_operator.agent.facts import Pod
from agentops_operator.agent.match import pod_keys


class PodCache:
    """Running and pending pods of the namespaces that hold Agents."""

    def __init__(self) -> None:
        self._by_namespace: dict[str, dict[str, Pod]] = {}
        self._by_key: dict[tuple[str, str], dict[str, Pod]] = {}

    def put(self, pod: Pod) -> Pod | None:
        """Takes in a pod; returns its older version."""
        old = self.drop(pod.namespace, pod.uid)
        self._by_namespace.setdefault(pod.namespace, {})[pod.uid] = pod
        for key in pod_keys(pod):
            self._by_key.setdefault((pod.namespace, key), {})[pod.uid] = pod
        return old

    def drop(self, namespace: str, uid: str) -> Pod | None:
        """Forgets a pod; returns it."""
        old = self._by_namespace.get(namespace, {}).pop(uid, None)
        for key in pod_keys(old) if old else ():
            holders = self._by_key.get((namespace, key), {})
            holders.pop(uid, None)
            if not holders:
                self._by_key.pop((namespace, key), None)
        return old

    def get(self, namespace: str, uid: str) -> Pod | None:
        """The pod, or None."""
        return self._by_namespace.get(namespace, {}).get(uid)

    def uids(self, namespace: str) -> tuple[str, ...]:
        """All pods of a namespace."""
        return tuple(self._by_namespace.get(namespace, {}))

    def every(self) -> Iterator[Pod]:
        """All pods."""
        return (pod for pods in self._by_namespace.values() for pod in pods.values())

    def under(self, namespace: str, keys: Iterable[str]) -> tuple[Pod, ...]:
        """Pods under any of the keys, in the order of their names, so that equal facts compile to equal plans."""
        found = {uid: pod for key in keys for uid, pod in self._by_key.get((namespace, key), {}).items()}
        return tuple(sorted(found.values(), key=lambda pod: (pod.name, pod.uid)))

    def drop_namespace(self, namespace: str) -> None:
        """Forgets all pods of a namespace."""
        for uid in self.uids(namespace):
            self.drop(namespace, uid)
        self._by_namespace.pop(namespace, None)
