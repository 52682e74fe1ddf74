"""The number of gateways, when an autoscaler takes it over."""

from dataclasses import replace
from typing import Any

import pytest

from agentops_operator.agent.facts import GatewaySettings, Settings
from agentops_operator.runtime.gateway_scale import MANAGER, owns_replicas
from agentops_operator.runtime.objects import ApiError, Ref
from tests.runtime.bodies import agent_body
from tests.runtime.test_gateway import fallback
from tests.runtime.world import HOME, World

DEPLOYMENT = Ref("apps/v1", "Deployment", HOME, "agentops-gateway")
FIXED = Settings(operator_namespace=HOME, gateway=GatewaySettings(enabled=True, replicas=7))
SCALED = replace(FIXED, gateway=replace(FIXED.gateway, replicas=0))


def owner(manager: str, operation: str = "Apply", field: str = "f:replicas", **more: Any) -> dict[str, Any]:
    """An entry of managedFields."""
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {field: {}}}, **more}


async def scaled(*owners: dict[str, Any]) -> World:
    """An operator that wrote seven replicas, started anew with an autoscaler."""
    world = World(compile_settings=FIXED)
    world.show(agent_body(), fallback())
    await world.run()
    stored = world.cluster.objects[DEPLOYMENT]
    assert stored["spec"]["replicas"] == 7
    stored["metadata"]["managedFields"] = list(owners)
    world.settings = SCALED
    second = await world.restart()
    await second.run()
    return second


async def test_number_that_stands_gets_another_owner_before_it_is_let_go() -> None:
    """First the hand-over, then the apply without the number; and once, not at every pass."""
    world = await scaled(owner("agentops-operator"), owner("agentops-operator", field="f:template"))
    calls = [call for call in world.cluster.calls if call.endswith(" Deployment")]
    assert calls == ["get Deployment", f"apply as {MANAGER} Deployment", "apply Deployment"]
    world.echo()
    await world.run(60)
    assert world.cluster.calls[f"apply as {MANAGER} Deployment"] == 1
    await world.stop()


@pytest.mark.parametrize(
    "owners",
    [
        [owner("agentops-operator"), owner("kube-controller-manager", "Update", subresource="scale")],
        [owner(MANAGER)],
        [],
    ],
    ids=["an autoscaler has set it", "it was handed over before", "nobody owns it"],
)
async def test_number_of_somebody_else_is_left_alone(owners: list[dict[str, Any]]) -> None:
    """What another manager owns stays when we let go."""
    world = await scaled(*owners)
    assert world.cluster.calls[f"apply as {MANAGER} Deployment"] == 0
    assert world.cluster.calls["apply Deployment"] == 1
    await world.stop()


async def test_first_start_with_an_autoscaler_has_nothing_to_hand_over() -> None:
    """The autoscaler raises one replica to its least."""
    world = World(compile_settings=SCALED)
    world.show(agent_body(), fallback())
    await world.run()
    assert "replicas" not in world.cluster.objects[DEPLOYMENT]["spec"]
    await world.stop()


async def test_number_is_not_let_go_while_nobody_can_say_whose_it_is() -> None:
    """An API server that does not answer delays the hand-over; ten gateways do not become one meanwhile."""
    world = World(compile_settings=FIXED)
    world.show(agent_body(), fallback())
    await world.run()
    world.cluster.objects[DEPLOYMENT]["metadata"]["managedFields"] = [owner("agentops-operator")]
    world.settings = SCALED
    second = await world.restart()
    second.cluster.refusals["Deployment"] = ApiError(503, "Unavailable", "try again")
    await second.run()
    assert second.cluster.objects[DEPLOYMENT]["spec"]["replicas"] == 7
    del second.cluster.refusals["Deployment"]
    await second.run(600)
    assert second.cluster.calls[f"apply as {MANAGER} Deployment"] == 1
    await second.stop()


def test_owner_is_told_by_field_and_manager() -> None:
    """Other fields of ours, and other managers, do not count."""
    assert owns_replicas({"metadata": {"managedFields": [owner("agentops-operator")]}})
    assert not owns_replicas({"metadata": {"managedFields": [owner("agentops-operator", field="f:template")]}})
    assert not owns_replicas({"metadata": {}})
