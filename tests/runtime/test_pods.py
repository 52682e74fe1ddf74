"""Pods are followed where there are Agents, and only there."""

import asyncio

from agentops_operator.agent.facts import Key, Settings
from agentops_operator.agent.kind import AGENT
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.objects import ApiError, Ref
from agentops_operator.runtime.parse import parse
from agentops_operator.runtime.pods import PodWatcher
from agentops_operator.runtime.store import Store
from tests.runtime.bodies import agent_body, pod_body
from tests.runtime.fakes import FakeClock, FakeCluster, settle


class Stage:
    """A pod watcher with its surroundings."""

    def __init__(self, many: int = 50) -> None:
        self.cluster, self.clock, self.store = FakeCluster(), FakeClock(), Store(Settings())
        self.due: list[Key] = []
        self.failures = Metrics().background_failures
        self.pods = PodWatcher(self.cluster, self.store, self.due.append, self.clock, self.failures, many=many)

    def agents_in(self, *namespaces: str) -> None:
        """Agents appear in these namespaces."""
        for namespace in namespaces:
            self.store.agent_changed(parse(AGENT, agent_body(namespace=namespace)))
        self.pods.want(self.store.agents.namespaces())

    def uids(self, namespace: str) -> set[str]:
        """Pods that are known."""
        return set(self.store.pods.uids(namespace))

    async def send(self, scope: str, kind: str, obj: dict[str, object]) -> None:
        """The watch shows an event."""
        await self.cluster.streams[Ref("v1", "Pod", scope, "")].put({"type": kind, "object": obj})
        await settle()


async def test_namespace_without_agents_is_not_listed() -> None:
    """Pods of other namespaces are neither asked for nor kept."""
    stage = Stage()
    stage.cluster.put(pod_body("one"))
    stage.cluster.put(pod_body("two", "elsewhere"))
    stage.agents_in("shop")
    await settle()
    assert (len(stage.uids("shop")), len(stage.uids("elsewhere"))) == (1, 0)
    assert stage.pods.known("shop")
    assert stage.due == [Key("Agent", "shop", "billing")] * 2  # its pod, and the end of the list
    await stage.pods.stop()


async def test_last_agent_takes_the_watch_along() -> None:
    """When the last Agent of a namespace goes, its pods are forgotten and its watch ends."""
    stage = Stage()
    stage.cluster.put(pod_body("one"))
    stage.agents_in("shop")
    await settle()
    stage.store.agent_gone(Key("Agent", "shop", "billing"))
    stage.pods.want(stage.store.agents.namespaces())
    await settle()
    assert stage.uids("shop") == set()
    assert not stage.pods.known("shop")
    assert not stage.pods._tasks
    await stage.pods.stop()


async def test_expired_version_leads_to_a_new_list() -> None:
    """410 in the stream lists anew, and pods that ended meanwhile are gone."""
    stage = Stage()
    gone = stage.cluster.put(pod_body("one"))
    stage.agents_in("shop")
    await settle()
    del stage.cluster.objects[Ref("v1", "Pod", "shop", gone["metadata"]["name"])]
    stage.cluster.put(pod_body("two"))
    await stage.send("shop", "ERROR", {"code": 410, "reason": "Expired", "message": "too old"})
    await stage.clock.advance(1)
    assert stage.uids("shop") == {"pod-shop-two"}
    await stage.pods.stop()


async def test_forbidden_list_does_not_hold_agents_back() -> None:
    """Where pods may not be read, Agents are worked on all the same after the second refusal."""
    stage = Stage()
    stage.cluster.refusals["list of Pod"] = ApiError(403, "Forbidden", "pods is forbidden")
    stage.agents_in("shop")
    await settle()
    assert not stage.pods.known("shop")
    await stage.clock.advance(5)
    assert stage.pods.known("shop")
    stage.cluster.refusals.clear()
    stage.cluster.put(pod_body("one"))
    await stage.clock.advance(40)
    assert stage.uids("shop") == {"pod-shop-one"}
    await stage.pods.stop()


async def test_many_namespaces_share_one_watch() -> None:
    """Above the limit one watch of the cluster replaces all, and a later namespace is caught up."""
    stage = Stage(many=3)
    for number in range(6):
        stage.cluster.put(pod_body("one", f"ns-{number}"))
    stage.agents_in(*(f"ns-{number}" for number in range(5)))
    await settle()
    assert set(stage.pods._tasks) == {""}
    assert all(len(stage.uids(f"ns-{number}")) == 1 for number in range(5))
    stage.agents_in("ns-5")
    await settle()
    assert len(stage.uids("ns-5")) == 1
    await stage.send("", "DELETED", pod_body("one", "ns-5"))
    assert stage.uids("ns-5") == set()
    await stage.pods.stop()


async def test_namespace_whose_list_fails_is_caught_up_later() -> None:
    """One refused list hides no pods for good: nothing would list that namespace again."""
    stage = Stage(many=1)
    stage.agents_in("ns-0", "ns-1")
    await settle()
    stage.cluster.put(pod_body("one", "ns-2"))
    stage.cluster.refusals["list of Pod"] = ApiError(429, "TooManyRequests", "try again")
    stage.agents_in("ns-2")
    await settle()
    stage.cluster.refusals.clear()
    await stage.clock.advance(5)
    assert stage.uids("ns-2") == {"pod-ns-2-one"}
    await stage.pods.stop()


async def test_namespace_that_loses_its_agents_is_not_asked_for_any_more() -> None:
    """A list that is refused again and again ends with the last Agent, and begins anew with the next one."""
    stage = Stage(many=1)
    stage.agents_in("ns-0", "ns-1", "ns-3")
    await settle()
    stage.cluster.refusals["list of Pod"] = ApiError(403, "Forbidden", "pods is forbidden")
    stage.agents_in("ns-2")
    await stage.clock.advance(5)
    assert stage.pods.known("ns-2")
    stage.store.agent_gone(Key("Agent", "ns-2", "billing"))
    stage.pods.want(stage.store.agents.namespaces())
    stage.agents_in("ns-2")
    await settle()
    assert set(stage.pods._tasks) == {"", "/ns-2"}
    stage.store.agent_gone(Key("Agent", "ns-2", "billing"))
    stage.pods.want(stage.store.agents.namespaces())
    await settle()
    assert set(stage.pods._tasks) == {""}
    await stage.pods.stop()


async def test_pod_that_ends_during_the_list_does_not_come_back() -> None:
    """An end that the watch shows before the list arrives is not undone by the list."""
    stage = Stage(many=1)
    stage.agents_in("ns-0", "ns-1")
    await settle()
    stage.cluster.put(pod_body("one", "ns-2"))
    waiting, plain = asyncio.Event(), stage.cluster.list

    async def slow_list(ref: Ref, **selectors: object) -> object:
        items = await plain(ref)
        await waiting.wait()
        return items

    stage.cluster.list = slow_list  # type: ignore[assignment,method-assign]
    stage.agents_in("ns-2")
    await settle()
    await stage.send("", "DELETED", pod_body("one", "ns-2"))
    waiting.set()
    await settle()
    assert stage.uids("ns-2") == set()
    await stage.pods.stop()
