"""What a person reads of a budget in `kubectl describe`: each step once, and the store that goes away."""

from tests.runtime.bodies import agent_body
from tests.runtime.test_gateway import SETTINGS, budget, fallback, runs, used
from tests.runtime.world import World


async def test_steps_and_the_end_of_a_budget_are_events() -> None:
    """One event each, on the Budget; the store that goes away and comes back is told by the condition's change."""
    world = World(compile_settings=SETTINGS)
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one")
    world.gateway.called = {"shop/billing"}
    for used_up, rung in ((8_500_000, "Alert"), (8_600_000, "Alert"), (10_000_000, "Block"), (10_000_000, "Block")):
        world.gateway.usages["shop/billing"] = used(used_up, rung=rung)
        await world.run(130)
    runs(world, "one", store="Away")
    await world.run(60)
    runs(world, "one")
    await world.run(60)
    told = [event for event in world.cluster.objects.values() if event["kind"] == "Event"]
    of_budget = [event for event in told if event["regarding"]["name"] == "daily"]
    assert [(event["type"], event["reason"]) for event in of_budget] == [
        ("Normal", "Programmed"),
        ("Normal", "Probed"),
        ("Warning", "BudgetStepReached"),
        ("Warning", "BudgetStepReached"),
        ("Warning", "BudgetExhausted"),
        ("Warning", "StateStoreDown"),
    ]
    second = await world.restart()
    await second.run(130)
    assert second.cluster.calls["create Event"] == 0
    await second.stop()
    await world.stop()
