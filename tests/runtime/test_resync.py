"""Policies and namespaces that go while nobody watches are found."""

from agentops_operator.runtime.objects import Ref
from agentops_operator.runtime.resync import EVERY
from tests.runtime.bodies import agent_body, masking_body
from tests.runtime.world import World

LONG = 1.3 * EVERY


async def test_policy_that_went_unseen_binds_no_longer(world: World) -> None:
    """A deletion that no watch told is found within a quarter of an hour."""
    world.show(agent_body(), masking_body())
    await world.run()
    before = world.status("Agent", "billing")["rulesDigest"]
    del world.cluster.objects[Ref("agentops.dev/v1alpha1", "MaskingPolicy", "shop", "mask")]
    await world.run(LONG)
    assert before != world.status("Agent", "billing")["rulesDigest"]


async def test_namespace_that_went_unseen_charges_no_team(world: World) -> None:
    """Labels of a namespace that is gone are forgotten."""
    labels = {"agentops.dev/team": "payments"}
    world.show(
        agent_body(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "namespace": "", "labels": labels}}
    )
    await world.run()
    assert world.status("Agent", "billing")["team"] == "payments"
    del world.cluster.objects[Ref("v1", "Namespace", "", "shop")]
    await world.run(LONG)
    assert world.status("Agent", "billing").get("team", "") == ""


async def test_look_at_an_unchanged_cluster_does_nothing(world: World) -> None:
    """A quarter of an hour without a change is a quarter of an hour without a write."""
    world.show(agent_body(), masking_body())
    await world.run()
    before = world.cluster.writes
    await world.run(3 * LONG)
    assert before == world.cluster.writes
