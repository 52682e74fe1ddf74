"""Kinds that the operator follows itself: nothing is decided before all are listed, and nothing gone is kept."""

import asyncio
from typing import Any

import pytest

from agentops_operator.runtime.objects import ApiError, Ref
from agentops_operator.runtime.watches import FOLLOWED
from tests.runtime.bodies import agent_body, masking_body
from tests.runtime.fakes import settle
from tests.runtime.world import World

EXPIRED = {"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}}
KINDS = {what.kind: what.api_version for what in FOLLOWED}


async def send(world: World, kind: str, event: dict[str, Any]) -> None:
    """An event in the stream of a kind."""
    await world.cluster.streams[Ref(KINDS[kind], kind, "", "")].put(event)
    await settle()


def rules(world: World) -> Ref:
    """The rules of the only Agent."""
    (ref,) = (ref for ref in world.cluster.objects if ref.kind == "ConfigMap" and ref.namespace == "shop")
    return ref


@pytest.mark.parametrize("slow", [*KINDS, "MaskingPolicy", "Namespace", "StatefulSet"])
async def test_nothing_is_decided_before_every_kind_is_listed(world: World, slow: str) -> None:
    """Whichever kind comes last, not one write is sent before it has come."""
    world.cluster.closed[slow] = asyncio.Event()
    world.show(agent_body(), masking_body())
    await world.run(60)
    assert world.cluster.writes == 0
    assert not world.operator.working
    world.cluster.closed[slow].set()
    await world.run()
    assert world.condition("Agent", "billing", "Ready") == ("True", "Ready")


@pytest.mark.parametrize("kind", ["ConfigMap", "EvalPolicy"])
async def test_kind_that_cannot_be_listed_keeps_the_gate_shut_until_it_can(world: World, kind: str) -> None:
    """A refused list is asked for again and again, is named by the readiness probe, and work begins with it."""
    world.cluster.refusals[f"list of {kind}"] = ApiError(403, "Forbidden", "it is forbidden")
    world.show(agent_body())
    await world.run(120)
    assert world.cluster.writes == 0
    assert world.operator.missing() == f"waiting for the first list of {kind}"
    world.cluster.refusals.clear()
    await world.run(60)
    assert world.operator.missing() == ""
    assert world.condition("Agent", "billing", "Ready") == ("True", "Ready")


async def test_statefulset_that_cannot_be_listed_stops_nothing(world: World) -> None:
    """The relay is applied without having been seen."""
    world.cluster.refusals["list of StatefulSet"] = ApiError(403, "Forbidden", "statefulsets is forbidden")
    world.show(agent_body())
    await world.run(60)
    assert world.condition("Agent", "billing", "Ready") == ("True", "Ready")


async def test_agent_that_an_expired_watch_missed_leaves_the_index(world: World) -> None:
    """The list after an expired watch shows what is gone by not showing it."""
    world.show(agent_body("billing"), agent_body("search"))
    await world.run()
    del world.cluster.objects[Ref("agentops.dev/v1alpha1", "Agent", "shop", "search")]
    await send(world, "Agent", EXPIRED)
    await world.run(30)
    assert set(world.index()) == {"app=billing"}


async def test_child_that_an_expired_watch_missed_comes_back(world: World) -> None:
    """A rules ConfigMap whose deletion no watch told is applied again."""
    world.show(agent_body())
    await world.run()
    ref = rules(world)
    del world.cluster.objects[ref]
    await send(world, "ConfigMap", EXPIRED)
    await world.run(30)
    assert ref in world.cluster.objects


async def test_child_that_was_made_during_a_list_is_not_missing(world: World) -> None:
    """An object that a list is too old to show is neither forgotten nor applied again."""
    world.show(agent_body())
    await world.run()
    world.cluster.closed["ConfigMap"] = asyncio.Event()
    await send(world, "ConfigMap", EXPIRED)
    await world.run(30)  # the list is under way
    plain = world.cluster.list

    async def list_of_before(ref: Ref, **how: Any) -> tuple[list[dict[str, Any]], str]:
        found, version = await plain(ref, **how)
        return [item for item in found if not item["metadata"]["name"].startswith("search")], version

    world.cluster.list = list_of_before  # type: ignore[method-assign]
    world.show(agent_body("search"))
    await world.run(5)
    before = world.cluster.calls["apply ConfigMap"]
    world.cluster.closed["ConfigMap"].set()
    await world.run(30)
    assert before == world.cluster.calls["apply ConfigMap"]


async def test_echo_of_an_own_index_is_not_read(world: World) -> None:
    """Only metadata of an index is watched; what we wrote ourselves is known without reading it."""
    world.show(agent_body())
    await world.run()
    world.echo()
    world.show(agent_body("search"))
    await world.run()
    assert set(world.index()) == {"app=billing", "app=search"}
    assert world.cluster.calls["get InjectionIndex"] == 1  # the list at the start


async def test_index_that_somebody_changes_is_read_and_mended(world: World) -> None:
    """A version that we did not write is read once, and put right."""
    world.show(agent_body())
    await world.run()
    ref = next(ref for ref in world.cluster.objects if ref.kind == "InjectionIndex")
    emptied = world.cluster.put({**world.cluster.objects[ref], "agents": {}})
    await send(world, "InjectionIndex", {"type": "MODIFIED", "object": {"metadata": emptied["metadata"]}})
    await world.run()
    assert set(world.index()) == {"app=billing"}
    assert world.cluster.calls["get InjectionIndex"] == 2


async def test_touched_index_is_not_written(world: World) -> None:
    """A label that somebody adds to the index changes nothing that we decide."""
    world.show(agent_body())
    await world.run()
    before = world.cluster.writes
    ref = next(ref for ref in world.cluster.objects if ref.kind == "InjectionIndex")
    stored = world.cluster.objects[ref]
    touched = {**stored["metadata"], "labels": {**stored["metadata"]["labels"], "touched": "yes"}}
    world.cluster.put({**stored, "metadata": touched})
    await send(world, "InjectionIndex", {"type": "MODIFIED", "object": {"metadata": world.cluster.objects[ref]["metadata"]}})
    await world.run()
    assert before == world.cluster.writes


async def test_deletion_of_an_older_object_of_the_same_name_is_no_deletion(world: World) -> None:
    """The end of an object that was made anew meanwhile makes nothing due."""
    world.show(agent_body())
    await world.run()
    before = world.cluster.writes
    old = world.cluster.objects[rules(world)]
    await send(world, "ConfigMap", {"type": "DELETED", "object": {**old, "metadata": {**old["metadata"], "uid": "older"}}})
    await world.run()
    assert before == world.cluster.writes


async def test_children_are_filtered_by_the_api_server(world: World) -> None:
    """ConfigMaps of others never cross the wire; our own kinds come without a filter."""
    await world.run()
    ours = "app.kubernetes.io/managed-by=agentops-operator"
    assert {kind: world.cluster.selectors[kind] for kind in ("ConfigMap", "CronJob", "Job")} == dict.fromkeys(
        ("ConfigMap", "CronJob", "Job"), ours
    )
    assert world.cluster.selectors["Agent"] == ""
