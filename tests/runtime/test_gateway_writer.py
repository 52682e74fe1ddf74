"""What is believed of the gateway while the API server still takes its plan."""

import asyncio
from typing import Any

import pytest

from tests.runtime.bodies import agent_body
from tests.runtime.test_gateway import PLAN, SETTINGS, budget, fallback, plan_of, runs
from tests.runtime.world import World


async def test_plan_that_runs_before_its_write_is_answered_unsays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that follows its ConfigMap is faster than the answer to the operator; every policy seemed out of force then."""
    world = World(compile_settings=SETTINGS)
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one")
    await world.run(20)
    said, store, answered = world.status("Budget", "daily"), world.cluster.apply, asyncio.Event()
    assert world.condition("Budget", "daily", "Programmed") == ("True", "Programmed")

    async def apply(obj: dict[str, Any]) -> dict[str, Any]:
        stored = await store(obj)
        if (obj["kind"], obj["metadata"]["name"]) == (PLAN.kind, PLAN.name):
            await answered.wait()
        return stored

    monkeypatch.setattr(world.cluster, "apply", apply)
    world.show(agent_body("teller", namespace="bank"))
    await world.run()
    assert "bank/teller" in plan_of(world)["agents"]
    runs(world, "one")
    await world.run(20)
    assert world.status("Budget", "daily") == said
    answered.set()
    await world.stop()


async def test_policy_that_comes_while_a_plan_is_written_is_not_in_that_plan() -> None:
    """An API server under load takes long to store a plan; what changed meanwhile was called in force with it, and was not."""
    world = World(compile_settings=SETTINGS)
    first = world.cluster.slow[PLAN] = asyncio.Event()
    world.show(agent_body(), fallback())
    await world.run()
    world.show(budget())
    await world.run()
    world.cluster.slow[PLAN] = asyncio.Event()
    first.set()
    await world.run()
    assert plan_of(world)["agents"]["shop/billing"]["budgets"] == []
    runs(world, "one")
    await world.run(20)
    assert world.condition("Budget", "daily", "Programmed") == ("False", "AwaitingGateway")
    world.cluster.slow.pop(PLAN).set()
    await world.run()
    runs(world, "one")
    await world.run(20)
    assert world.condition("Budget", "daily", "Programmed") == ("True", "Programmed")
    await world.stop()
