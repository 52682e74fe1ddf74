"""Objects that go while nobody watches are found."""

from agentops_operator.runtime.objects import Ref
from agentops_operator.runtime.resync import EVERY
from tests.runtime.bodies import agent_body, masking_body
from tests.runtime.world import World

LONG = 1.3 * EVERY


async def test_agent_that_went_unseen_leaves_the_index(world: World) -> None:
    """A deletion that no watch told is found within a quarter of an hour."""
    world.show(agent_body("billing"), agent_body("search"))
    await world.run()
    del world.cluster.objects[Ref("agentops.dev/v1alpha1", "Agent", "shop", "search")]
    await world.run(LONG)
    assert set(world.index()) == {"app=billing"}


async def test_child_that_went_unseen_comes_back(world: World) -> None:
    """A rules ConfigMap whose deletion no watch told is applied again."""
    world.show(agent_body())
    await world.run()
    (ref,) = (ref for ref in world.cluster.objects if ref.kind == "ConfigMap" and ref.namespace == "shop")
    del world.cluster.objects[ref]
    await world.run(LONG)
    assert ref in world.cluster.objects


async def test_look_at_an_unchanged_cluster_does_nothing(world: World) -> None:
    """A quarter of an hour without a change is a quarter of an hour without a write."""
    world.show(agent_body(), masking_body())
    await world.run()
    before = world.cluster.writes
    await world.run(3 * LONG)
    assert before == world.cluster.writes
