"""A namespaced install reads the labels of its namespaces by name: it may not watch them."""

from typing import Any

from agentops_operator.runtime.namespace_labels import EVERY
from agentops_operator.runtime.objects import ApiError, Ref
from tests.runtime.bodies import agent_body
from tests.runtime.world import HOME, World

PLACE = Ref("v1", "Namespace", "", "shop")


def _namespace(team: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "namespace": "", "labels": {"agentops.dev/team": team}},
    }


def _team(world: World) -> str:
    return str(world.status("Agent", "billing").get("team", ""))


async def test_team_is_known_from_the_first_pass_and_followed() -> None:
    """The team is charged although no Namespace was ever listed or watched, and an unchanged label costs no write."""
    world = World(namespaces=("shop", HOME))
    world.cluster.put(_namespace("payments"))
    world.show(agent_body())
    await world.run()
    assert _team(world) == "payments"
    writes = world.cluster.writes
    await world.run(3 * EVERY)
    assert world.cluster.writes == writes
    world.cluster.put(_namespace("search"))
    await world.run(1.1 * EVERY)
    assert _team(world) == "search"
    del world.cluster.objects[PLACE]
    await world.run(1.1 * EVERY)
    assert _team(world) == ""
    assert not world.cluster.calls["list Namespace"]
    await world.stop()


async def test_namespace_that_may_not_be_read_keeps_nobody_waiting() -> None:
    """A role without that right costs the team, and not the work."""
    world = World(namespaces=("shop", HOME))
    world.cluster.refusals["Namespace"] = ApiError(403, "Forbidden", "namespaces is forbidden")
    world.show(agent_body())
    await world.run()
    assert world.condition("Agent", "billing", "Accepted") == ("True", "Accepted")
    await world.stop()
