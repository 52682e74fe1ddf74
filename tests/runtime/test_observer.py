"""What the relay says reaches the Agents that it concerns, and a silence is told apart from a bad answer."""

from typing import Any

import pytest

from agentops_operator.runtime.objects import Ref
from tests.runtime.bodies import agent_body, pod_body
from tests.runtime.world import World


def report(digest: str, uid: str = "pod-shop-one", **more: Any) -> dict[str, Any]:
    """What a sidecar says of itself, as the relay repeats it."""
    return {"name": "one", "uid": uid, "version": "0.1.0", "rulesDigest": digest, "rulesSource": "Config", **more}


def answer(cursor: str, *pods: dict[str, Any], agent: str = "billing", **relay: Any) -> dict[str, Any]:
    """An answer of the relay: one Agent with these pods."""
    agents = [{"namespace": "shop", "agent": agent, "storedSpans": 3, "pods": list(pods)}] if pods else []
    return {
        "relay": {"id": "relay-0", "config": {"digest": "c", "error": ""}, "agentsDigest": "a", **relay},
        "cursor": cursor,
        "agents": agents,
    }


async def started(world: World) -> str:
    """An Agent with one injected pod and a relay that answers; returns the digest of its rules."""
    world.relay.answers["10.0.0.1"] = answer("1")
    world.cluster.put(pod_body("one", agent="billing"))
    world.show(agent_body())
    await world.run(5)
    return str(world.status("Agent", "billing")["rulesDigest"])


async def test_report_of_a_sidecar_reaches_its_agent(world: World) -> None:
    """A sidecar that reports the current rules is counted in `traced`."""
    digest = await started(world)
    assert world.status("Agent", "billing")["traced"] == "0/1"
    world.relay.answers["10.0.0.1"] = answer("2", report(digest))
    await world.run(11)
    assert world.status("Agent", "billing")["traced"] == "1/1"


async def test_same_answer_makes_no_work(world: World) -> None:
    """A look that brings nothing new writes nothing and works on no key."""
    digest = await started(world)
    world.relay.answers["10.0.0.1"] = answer("2", report(digest))
    await world.run(11)
    before, passes = world.cluster.writes, _passes(world)
    await world.run(120)
    assert before == world.cluster.writes
    assert passes == _passes(world)


async def test_cursor_is_sent_back(world: World) -> None:
    """Only what is new is asked for."""
    await started(world)
    await world.run(11)
    assert world.relay.asked[0] == ("10.0.0.1", "")
    assert world.relay.asked[-1] == ("10.0.0.1", "1")


async def test_one_lost_answer_is_no_news_and_three_are(world: World) -> None:
    """A relay that misses one look is still reachable; after three it is not, and then it is again."""
    digest = await started(world)
    world.relay.answers["10.0.0.1"] = answer("2", report(digest))
    await world.run(11)
    good = dict(world.relay.answers)
    world.relay.answers.clear()
    await world.run(11)
    assert world.operator.store.relay.reachable
    await world.run(30)
    assert not world.operator.store.relay.reachable
    assert "no such name" in world.operator.store.relay.error
    world.relay.answers.update(good)
    await world.run(11)
    assert world.operator.store.relay.reachable
    assert world.status("Agent", "billing")["traced"] == "1/1"


async def test_restart_beside_a_relay_writes_nothing(world: World) -> None:
    """A new process asks the relay before it decides, so it does not unsay what was observed."""
    digest = await started(world)
    world.relay.answers["10.0.0.1"] = answer("2", report(digest))
    await world.run(11)
    second = await world.restart()
    second.relay.answers.update(world.relay.answers)
    await second.run(30)
    assert second.cluster.writes == 0, second.cluster.calls
    await second.stop()


async def test_replicas_are_merged(world: World) -> None:
    """Pods of all replicas count together, and the relay has loaded a configuration when all replicas have."""
    await started(world)
    world.relay.answers["10.0.0.1"] = answer("2", report("x"), config={"digest": "new"})
    world.relay.answers["10.0.0.2"] = answer("5", report("x", uid="other"), config={"digest": "old"})
    await world.run(11)
    (observation,) = world.operator.store.observations.values()
    assert {pod.uid for pod in observation.pods} == {"pod-shop-one", "other"}
    assert world.operator.store.relay.config_digest not in ("new", "old")


@pytest.mark.parametrize(("before", "after"), [("a1b2-9", "c3d4-12"), ("a1b2-9", "a1b2-1")], ids=["another-process", "backwards"])
async def test_relay_that_restarts_is_asked_for_everything(world: World, before: str, after: str) -> None:
    """A cursor of another process, or one that runs backwards, means that all is asked for anew."""
    await started(world)
    world.relay.answers["10.0.0.1"] = answer(before)
    await world.run(21)
    world.relay.answers["10.0.0.1"] = answer(after, report("x"))
    await world.run(21)
    assert world.relay.asked[-1] == ("10.0.0.1", "")
    assert world.operator.store.observations


async def test_restarted_relay_gets_time_to_hear_of_all_sidecars(world: World) -> None:
    """What a relay knew before its restart stands for a minute, then what it does not know is gone."""
    digest = await started(world)
    world.relay.answers["10.0.0.1"] = answer("a1b2-9", report(digest))
    await world.run(21)
    world.relay.answers["10.0.0.1"] = answer("c3d4-12")
    await world.run(40)
    assert world.status("Agent", "billing")["traced"] == "1/1"
    await world.run(60)
    assert world.status("Agent", "billing")["traced"] == "0/1"


@pytest.mark.parametrize("garbage", [{"agents": [{"unexpected": True}], "cursor": "2"}, ["of", "another", "shape"]])
async def test_garbage_is_a_failed_look(world: World, garbage: Any) -> None:
    """An answer of another shape is an error of the relay, not of the operator."""
    await started(world)
    world.relay.answers["10.0.0.1"] = garbage
    await world.run(40)
    assert not world.operator.store.relay.reachable
    assert Ref("agentops.dev/v1alpha1", "Agent", "shop", "billing") in world.cluster.objects


def _passes(world: World) -> float:
    return world.metrics.registry.get_sample_value("workqueue_adds_total", {"name": "agentops"}) or 0.0
