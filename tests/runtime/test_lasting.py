"""What watches and observes goes on, whatever it meets."""

import asyncio
from typing import Any

from agentops_operator.runtime.lasting import PAUSE
from agentops_operator.runtime.metrics import Metrics
from tests.runtime.bodies import agent_body, pod_body
from tests.runtime.fakes import settle
from tests.runtime.test_gateway import SETTINGS, budget, fallback, runs, used
from tests.runtime.test_pods import Stage
from tests.runtime.world import World


def failures(metrics: Metrics) -> dict[str, float]:
    """Failures by name, as Prometheus reads them."""
    samples = (sample for metric in metrics.background_failures.collect() for sample in metric.samples)
    return {sample.labels["name"]: sample.value for sample in samples if sample.name.endswith("_total")}


async def test_observer_that_meets_nonsense_looks_again() -> None:
    """One answer of another shape ended it for good, and the status of budgets stood still for as long as the process lived."""
    world = World(compile_settings=SETTINGS)
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one")
    nonsense: dict[str, Any] = {"budgets": ["daily"]}
    world.gateway.usages["shop/billing"] = nonsense
    await world.run(130)
    assert failures(world.metrics)["usage"] >= 1
    world.gateway.usages["shop/billing"] = used(8_500_000)
    await world.run(130)
    assert world.status("Budget", "daily")["usedPercent"] == 85
    await world.stop()


async def test_watch_that_meets_nonsense_lists_again() -> None:
    """A watch that ended would show neither new pods nor those that are gone."""
    stage = Stage()
    stage.agents_in("shop")
    await settle()
    await stage.send("shop", "ADDED", {"metadata": {"resourceVersion": "7"}})
    stage.cluster.put(pod_body("billing-1"))
    await stage.clock.advance(PAUSE)
    assert len(stage.uids("shop")) == 1
    await stage.pods.stop()


async def test_end_of_the_process_is_no_failure() -> None:
    """Cancelling ends it at once."""
    world = World(compile_settings=SETTINGS)
    await world.run()
    await asyncio.wait_for(world.stop(), 5)
    assert failures(world.metrics) == {}
