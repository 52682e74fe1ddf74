"""Refusals of pods, from the events of their controllers to the index and the status."""

import asyncio
from typing import Any

import pytest

from agentops_operator.runtime.objects import ApiError, Ref
from agentops_operator.runtime.refusals import RefusalWatcher, refusals
from tests.runtime.bodies import agent_body, pod_body
from tests.runtime.fakes import settle
from tests.runtime.world import World

TARGET = {"targetRef": {"kind": "Deployment", "name": "billing"}}
SAID = "maximum memory usage per Container is 128Mi, but limit is 192Mi"
FORBIDDEN = f'Error creating: pods "billing-abc-x7k2p" is forbidden: {SAID}.'
AT = "2026-11-23T10:00:00Z"


def event(kind: str = "ReplicaSet", name: str = "billing-abc", message: str = FORBIDDEN, **more: Any) -> dict[str, Any]:
    """An event as the controllers of Kubernetes write it."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "shop", "name": f"{name}.1", "uid": f"event-{name}", "resourceVersion": "1"},
        "involvedObject": {"kind": kind, "name": name, "namespace": "shop"},
        "reason": "FailedCreate",
        "message": message,
        "lastTimestamp": AT,
        **more,
    }


@pytest.mark.parametrize(
    ("kind", "name", "workloads"),
    [
        ("ReplicaSet", "billing-abc", ["Deployment/billing"]),
        ("StatefulSet", "billing", ["StatefulSet/billing"]),
        ("DaemonSet", "billing", ["DaemonSet/billing"]),
        ("Job", "billing-29111", ["Job/billing-29111", "CronJob/billing"]),
        ("CronTab", "billing", []),
    ],
)
def test_event_speaks_of_the_workload_that_an_agent_names(kind: str, name: str, workloads: list[str]) -> None:
    """The controller's name leads to the key of the index."""
    assert [refusal.workload for refusal in refusals(event(kind, name))] == workloads


@pytest.mark.parametrize(
    "message",
    [
        FORBIDDEN,
        f"(combined from similar events): {FORBIDDEN}",
        f'create Pod b-0 in StatefulSet b failed error: pods "b-0" is forbidden: {SAID}',
    ],
)
def test_message_is_the_same_for_each_try(message: str) -> None:
    """Names of single pods are left out, or each try would be a write of the status."""
    [refusal] = refusals(event(message=message))
    assert (refusal.message, refusal.at) == (SAID, AT)


def test_event_in_a_series_has_its_time_elsewhere() -> None:
    """Newer clients write eventTime, with microseconds."""
    [refusal] = refusals(event(lastTimestamp=None, eventTime="2026-11-23T10:00:00.123456Z"))
    assert refusal.at == AT


async def test_rows_leave_the_index_and_come_back(world: World) -> None:
    """A refusal withdraws injection, and when no other follows it is tried again after five minutes."""
    world.show(agent_body(spec=TARGET))
    await world.run()
    assert set(world.index()) == {"Deployment/billing"}
    await show(world, "MODIFIED", event())
    await world.run(5)
    assert world.index() == {}
    assert world.condition("Agent", "billing", "Covered") == ("False", "SidecarRefused")
    await world.run(310)
    assert set(world.index()) == {"Deployment/billing"}
    assert world.condition("Agent", "billing", "Covered") == ("False", "SidecarRefused")


async def test_forgotten_event_brings_the_rows_back_at_once(world: World) -> None:
    """Deleting the events is how a mended namespace need not wait."""
    world.show(agent_body(spec=TARGET))
    await world.run()
    await show(world, "ADDED", event())
    await world.run(5)
    await show(world, "DELETED", event())
    await world.run(5)
    assert set(world.index()) == {"Deployment/billing"}
    assert world.condition("Agent", "billing", "Covered") == ("True", "NoPodsMatched")


async def test_restart_while_injection_is_withdrawn_writes_nothing(world: World) -> None:
    """A new process knows the refusals before it decides."""
    world.show(agent_body(spec=TARGET))
    world.cluster.put(event())
    await world.run()
    assert world.index() == {}
    again = await world.restart()
    await again.run()
    assert again.cluster.writes == 0
    await again.operator.close()


async def test_refusal_of_a_selectors_workload_is_known_by_its_pods(world: World) -> None:
    """A selector does not name its workload; a pod that it has does."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "billing-abc", "controller": True}
    labels = {"app": "billing", "pod-template-hash": "abc"}
    world.cluster.put(pod_body("billing-abc-1", labels=labels, ownerReferences=[owner]))
    world.show(agent_body())
    await world.run()
    await show(world, "ADDED", event())
    await world.run(5)
    assert world.condition("Agent", "billing", "Covered") == ("False", "SidecarRefused")


async def test_events_that_may_not_be_read_hold_nothing_up(world: World) -> None:
    """An installation with older rights works as before."""
    world.cluster.refusals["Event"] = ApiError(403, "Forbidden", "events is forbidden")
    watcher = RefusalWatcher(world.cluster, world.clock, world.operator.store, lambda _: None)
    task = asyncio.create_task(watcher.run())
    await world.clock.advance(60)
    assert watcher.listed.is_set()
    task.cancel()


async def test_event_that_went_unseen_is_dropped_by_the_next_list(world: World) -> None:
    """A list tells what is there; what is not was forgotten meanwhile."""
    world.show(agent_body(spec=TARGET))
    world.cluster.put(event())
    await world.run()
    world.cluster.objects.pop(Ref("v1", "Event", "shop", "billing-abc.1"))
    await show(world, "ERROR", {"code": 410, "reason": "Expired", "message": "too old"})
    await world.run(60)
    assert set(world.index()) == {"Deployment/billing"}


async def show(world: World, kind: str, obj: dict[str, Any]) -> None:
    """The watch of events shows this."""
    await world.cluster.streams[Ref("v1", "Event", "", "")].put({"type": kind, "object": obj})
    await settle()
