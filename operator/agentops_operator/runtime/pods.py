"""Pods of the namespaces that hold Agents, by their metadata alone.

A label selector would miss just the pods that matter: those that an Agent matches and that lack the sidecar.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from agentops_operator.agent.facts import Key
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.objects import ApiError, Cluster, Ref
from agentops_operator.runtime.parse import parse_pod
from agentops_operator.runtime.queue import retry_after
from agentops_operator.runtime.store import Store

LOG = logging.getLogger(__name__)
ALIVE = "status.phase!=Succeeded,status.phase!=Failed"
EVERYWHERE = ""
MANY = 50  # namespaces; each watch of one is a connection, and above this a single watch of the cluster is cheaper


class PodWatcher:
    """Starts and stops watches as namespaces gain their first and lose their last Agent."""

    def __init__(self, cluster: Cluster, store: Store, add: Callable[[Key], None], clock: Clock, *, many: int = MANY) -> None:
        self._cluster = cluster
        self._store = store
        self._add = add
        self._clock = clock
        self._many = many
        self._wanted: frozenset[str] = frozenset()
        self._listed: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[str, set[str]] = {}  # pods that ended while a list of their namespace was under way
        self._stopped = False

    def known(self, namespace: str) -> bool:
        """Whether the pods of the namespace were listed, or could not be: then the Agents show what else is known."""
        return namespace in self._listed

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
        for scope in self._tasks.keys() - targets:
            self._tasks.pop(scope).cancel()
        for scope in targets - self._tasks.keys():
            self._tasks[scope] = asyncio.create_task(self._follow(scope), name=f"pods of {scope or 'all namespaces'}")
        if together:
            for namespace in self._wanted - self._listed:
                self._tasks.setdefault("/" + namespace, asyncio.create_task(self._catch_up(namespace)))

    async def _follow(self, scope: str) -> None:
        failures = 0
        version = ""
        while True:
            try:
                version = version or await self._list(scope)
                failures = 0
                version = await self._watch(scope, version)
            except ApiError as error:
                failures += 1
                if error.status in (HTTPStatus.GONE, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
                    version = ""
                await self._pause(scope, error, failures)

    async def _pause(self, scope: str, error: ApiError, failures: int) -> None:
        log = LOG.debug if error.status in (0, HTTPStatus.GONE) and failures == 1 else LOG.warning
        log("pods of %s: %s", scope or "all namespaces", error)
        if failures > 1:
            self._release(scope)  # a list that keeps failing must not hold the Agents back for ever
        await self._clock.sleep(min(30.0, retry_after(failures, random.random())))  # noqa: S311  (jitter)

    async def _list(self, scope: str) -> str:
        self._ended[scope] = set()
        items, version = await self._cluster.list(Ref("v1", "Pod", scope, ""), fields=ALIVE, metadata=True)
        self._take(items, self._ended.pop(scope), (scope,) if scope else self._wanted)
        self._release(scope)
        return version

    async def _catch_up(self, namespace: str) -> None:
        """Lists one namespace while the watch of the cluster runs on."""
        try:
            self._ended[namespace] = set()
            items, _ = await self._cluster.list(Ref("v1", "Pod", namespace, ""), fields=ALIVE, metadata=True)
            self._take(items, self._ended.get(namespace, set()), (namespace,))
        except ApiError as error:
            LOG.warning("pods of %s: %s", namespace, error)
        finally:
            self._ended.pop(namespace, None)
            self._tasks.pop("/" + namespace, None)
        self._release(namespace)

    def _take(self, items: Iterable[dict[str, Any]], ended: set[str], namespaces: Iterable[str]) -> None:
        pods = [parse_pod(item) for item in items if item["metadata"]["namespace"] in self._wanted]
        alive = {pod.uid for pod in pods} - ended
        for namespace in namespaces:
            for uid in self._store.pods.uids(namespace):
                if uid not in alive:
                    self._due(self._store.pod_gone(namespace, uid))
        for pod in pods:
            if pod.uid in alive:
                self._due(self._store.pod_changed(pod))

    def _release(self, scope: str) -> None:
        for namespace in (scope,) if scope else self._wanted:
            if namespace in self._wanted and namespace not in self._listed:
                self._listed.add(namespace)
                self._due(agent.key for agent in self._store.agents.in_namespace(namespace))

    async def _watch(self, scope: str, version: str) -> str:
        async for event in self._cluster.watch(Ref("v1", "Pod", scope, ""), version, fields=ALIVE, metadata=True):
            body = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(body.get("code", 0), body.get("reason", ""), body.get("message", ""))
            version = body["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK" and body["metadata"]["namespace"] in self._wanted:
                self._event(event["type"], body)
        return version

    def _event(self, kind: str, body: dict[str, Any]) -> None:
        metadata = body["metadata"]
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
