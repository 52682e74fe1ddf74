"""What probes of the gateway do to conditions: nothing is enforced that was not seen, and nothing that was seen flaps."""

from tests.runtime.bodies import agent_body, body
from tests.runtime.test_gateway import budget, fallback, runs, world
from tests.runtime.world import World

__all__ = ["world"]  # the fixture


async def test_limit_that_did_not_refuse_is_named(world: World) -> None:
    """A probe that fails in one replica is enough, whatever the others saw and however many calls came through."""
    await looked_at(world)
    runs(world, "two", result="NotObserved")
    await world.run(20)
    assert world.condition("Budget", "daily", "Enforced") == ("False", "ProbeFailed")
    assert "limit (seen)" in message(world, "Budget", "daily")
    assert world.condition("Agent", "billing", "Enforced") == ("False", "ProbeFailed")
    runs(world, "two")
    await world.run(20)
    assert world.condition("Budget", "daily", "Enforced") == ("True", "Probed")


async def test_nothing_is_enforced_before_it_was_probed(world: World) -> None:
    """Calls came through and the plan is in force everywhere: without a probe that is no evidence, nor is a replica's silence."""
    await looked_at(world, result="Waiting")
    assert world.condition("Budget", "daily", "Enforced") == ("Unknown", "AwaitingProbe")
    assert "not probed yet: limit" in message(world, "Budget", "daily")
    second = await world.restart()
    second.gateway.states = {"one": {name: part for name, part in world.gateway.states["one"].items() if name != "probes"}}
    await second.run(60)
    assert second.condition("Budget", "daily", "Enforced") == ("Unknown", "AwaitingProbe")
    await second.stop()


async def test_replica_that_has_not_probed_yet_unsays_nothing(world: World) -> None:
    """All replicas are replaced, their store is away for a moment, and no status is written for it."""
    await looked_at(world)
    before = world.cluster.writes
    world.gateway.states.clear()
    runs(world, "two", result="Waiting")
    await world.run(60)
    assert world.condition("Budget", "daily", "Enforced") == ("True", "Probed")
    assert world.cluster.writes == before


async def test_guardrail_that_did_not_hold_is_told_by_its_policy_alone(world: World) -> None:
    """The limits beside it held: only the MaskingPolicy, and the Agent that it guards, say ProbeFailed."""
    world.show(body("MaskingPolicy", "own", "shop", spec={"gateway": {"input": {"detectors": "Mask"}}}))
    await looked_at(world)
    state = world.gateway.states["one"]
    checks = {
        check: {**seen, "result": "NotObserved"} if check.startswith("guardrails/") else seen
        for check, seen in state["probes"]["checks"].items()
    }
    world.gateway.states["two"] = {**state, "probes": {**state["probes"], "checks": checks}, "guardrails": {"leaked": {}}}
    await world.run(20)
    assert world.condition("MaskingPolicy", "own", "Enforced") == ("False", "ProbeFailed")
    assert "guardrails on requests (seen)" in message(world, "MaskingPolicy", "own")
    assert world.condition("Budget", "daily", "Enforced") == ("True", "Probed")


async def test_changed_limit_is_probed_anew(world: World) -> None:
    """What was seen of the old limit says nothing about the new one."""
    await looked_at(world, limit="10")
    world.show(budget(limit="20", generation=2))
    await world.run(5)
    runs(world, "one", result="Waiting")
    await world.run(20)
    assert world.condition("Budget", "daily", "Programmed") == ("True", "Programmed")
    assert world.condition("Budget", "daily", "Enforced") == ("Unknown", "AwaitingProbe")


async def test_answer_between_two_plans_is_asked_for_again(world: World) -> None:
    """A replica that swaps its plan while it answers says what belongs to two plans: that look shows nothing."""
    await looked_at(world)
    before = world.cluster.writes
    world.gateway.states["one"] = {**world.gateway.states["one"], "probes": {"plan": "sha256:next", "checks": {}}}
    await world.run(4)
    assert world.condition("Budget", "daily", "Enforced") == ("True", "Probed")
    assert world.cluster.writes == before


async def looked_at(world: World, result: str = "Observed", **spec: str) -> None:
    """An Agent with a Budget, whose calls came through and whose plan one replica runs, with this result of its probes."""
    world.show(agent_body(), fallback(), budget(**spec))
    await world.run()
    world.gateway.called = {"shop/billing"}
    runs(world, "one", result=result)
    await world.run(60)


def message(world: World, kind: str, name: str) -> str:
    """What Enforced says."""
    return str(next(entry["message"] for entry in world.status(kind, name)["conditions"] if entry["type"] == "Enforced"))
