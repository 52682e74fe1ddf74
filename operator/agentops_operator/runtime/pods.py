"""Pods of the namespaces that hold Agents, by their metadata alone.

A label selector would miss just the pods that matter: those that an Agent matches and that lack the sidecar.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from prometheus_client import Counter

from agentops_operator.agent.facts import Key, Pod
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.follow import Collection, follow, take_once
from agentops_operator.runtime.lasting import lasting
from agentops_operator.runtime.objects import Cluster, Ref
from agentops_operator.runtime.parse import parse_pod
from agentops_operator.runtime.store import Store

ALIVE = "status.phase!=Succeeded,status.phase!=Failed"
EVERYWHERE = ""
MANY = 50  # namespaces; each watch of one is a connection, and above this a single watch of the cluster is cheaper


class PodWatcher:
    """Starts and stops watches as namespaces gain their first and lose their last Agent."""

    def __init__(
        self, cluster: Cluster, store: Store, add: Callable[[Key], None], clock: Clock, failures: Counter, *, many: int = MANY
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._add = add
        self._clock = clock
        self._failures = failures
        self._many = many
        self._wanted: frozenset[str] = frozenset()
        self._listed: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[str, set[str]] = {}  # pods that ended while a list of their namespace was under way
        self._stopped = False

    def known(self, namespace: str) -> bool:
        """Whether the pods of the namespace were listed, or could not be: then the Agents show what else is known."""
        return namespace in self._listed

    @property
    def all_known(self) -> bool:
        """Whether this holds for every namespace with Agents."""
        return self._wanted <= self._listed

    def want(self, namespaces: frozenset[str]) -> None:
        """Sets the namespaces that hold Agents."""
        if namespaces == self._wanted or self._stopped:
            return
        gone, self._wanted = self._wanted - namespaces, namespaces
        for namespace in gone:
            self._listed.discard(namespace)
            self._store.pods.drop_namespace(namespace)
        self._arrange()

    async def stop(self) -> None:
        """Ends all watches."""
        self._stopped = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _arrange(self) -> None:
        """One task a namespace, or one for all; the switch back waits for half as many, so that it does not flap."""
        together = len(self._wanted) > (self._many // 2 if EVERYWHERE in self._tasks else self._many)
        targets = {EVERYWHERE} if together else set(self._wanted)
        already = EVERYWHERE in self._tasks
        for scope in self._tasks.keys() - targets:
            if not (together and scope.removeprefix("/") in self._wanted):  # a list of one namespace ends by itself
                self._tasks.pop(scope).cancel()
        for scope in targets - self._tasks.keys():
            watch = partial(follow, self._cluster, self._clock, self._collection(scope))
            self._start(scope, lasting("watch of Pod", watch, self._clock, self._failures))
        if together and already:
            for namespace in self._wanted - self._listed:
                if "/" + namespace not in self._tasks:
                    self._start("/" + namespace, self._catch_up(namespace))

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks[name] = asyncio.create_task(work, name=f"pods of {name or 'all namespaces'}")

    def _collection(self, scope: str) -> Collection:
        return Collection(
            ref=Ref("v1", "Pod", scope, ""),
            fields=ALIVE,
            metadata=True,
            before_list=partial(self._ended.__setitem__, scope, set()),
            read=parse_pod,
            listed=partial(self._take, scope),
            event=self._event,
            failed=partial(self._release, scope),  # a list that keeps failing must not hold the Agents back for ever
        )

    async def _catch_up(self, namespace: str) -> None:
        """Lists one namespace while the watch of the cluster runs on."""
        try:
            await take_once(self._cluster, self._clock, self._collection(namespace))
        finally:
            if self._tasks.get("/" + namespace) is asyncio.current_task():  # else another one took its place
                self._tasks.pop("/" + namespace)

    def _take(self, scope: str, items: Iterable[Pod]) -> None:
        pods = [pod for pod in items if pod.namespace in self._wanted]
        alive = {pod.uid for pod in pods} - self._ended.pop(scope, set())
        for namespace in (scope,) if scope else self._wanted:
            for uid in self._store.pods.uids(namespace):
                if uid not in alive:
                    self._due(self._store.pod_gone(namespace, uid))
        for pod in pods:
            if pod.uid in alive:
                self._due(self._store.pod_changed(pod))
        self._release(scope)

    def _release(self, scope: str) -> None:
        for namespace in (scope,) if scope else self._wanted:
            if namespace in self._wanted and namespace not in self._listed:
                self._listed.add(namespace)
                self._due(agent.key for agent in self._store.agents.in_namespace(namespace))

    def _event(self, kind: str, body: dict[str, Any]) -> None:
        metadata = body["metadata"]
        if metadata["namespace"] not in self._wanted:
            return
        if kind == "DELETED":
            for scope in (metadata["namespace"], EVERYWHERE):
                if scope in self._ended:
                    self._ended[scope].add(metadata["uid"])
            self._due(self._store.pod_gone(metadata["namespace"], metadata["uid"]))
        else:
            self._due(self._store.pod_changed(parse_pod(body)))

    def _due(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._add(key)
