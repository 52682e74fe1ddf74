"""Series of Agents and policies, made of what their statuses say."""

from typing import Any

from prometheus_client import generate_latest

from tests.runtime.bodies import agent_body, masking_body, pod_body
from tests.runtime.world import World


def value(world: World, series: str, **labels: str) -> float | None:
    """A series, or None."""
    return world.metrics.registry.get_sample_value(series, labels)


async def test_series_say_what_the_status_says(world: World) -> None:
    """Pods by state, pods without sidecar by namespace, and conditions as numbers."""
    world.cluster.put(pod_body("one"))
    world.show(agent_body(), masking_body())
    await world.run()
    agent: dict[str, Any] = {"namespace": "shop", "agent": "billing"}
    assert value(world, "agentops_agent_pods", **agent, state="matched") == 1
    assert value(world, "agentops_agent_pods", **agent, state="injected") == 0
    assert value(world, "agentops_missed_injections", namespace="shop") == 1
    ready = {"namespace": "shop", "name": "billing", "type": "Ready"}
    assert value(world, "agentops_condition", kind="Agent", **ready) == 1
    assert value(world, "agentops_condition", kind="Agent", **{**ready, "type": "Enforced"}) == 0
    assert value(world, "agentops_condition", kind="MaskingPolicy", namespace="shop", name="mask", type="Enforced") is not None


async def test_size_of_an_index_is_told_after_a_restart_too(world: World) -> None:
    """A process that finds the index as it should be says how large it is; without an index nothing is said."""
    agent = agent_body()
    world.show(agent)
    await world.run()
    size = value(world, "agentops_index_bytes", namespace="shop")
    second = await world.restart()
    await second.run()
    assert size == value(second, "agentops_index_bytes", namespace="shop")
    second.remove(agent)
    await second.run()
    assert value(second, "agentops_index_bytes", namespace="shop") is None
    await second.stop()


async def test_series_of_what_is_gone_are_gone(world: World) -> None:
    """A deleted Agent has no series, and a second scrape says the same as the first."""
    agent = agent_body()
    world.show(agent, agent_body("search"))
    await world.run()
    assert generate_latest(world.metrics.registry).count(b'agent="billing"') == 7
    world.remove(agent)
    await world.run()
    assert b'"billing"' not in generate_latest(world.metrics.registry)
    assert generate_latest(world.metrics.registry).count(b'agent="search"') == 7
