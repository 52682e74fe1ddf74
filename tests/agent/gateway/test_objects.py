"""The gateway's objects, and plans of a large fleet, judged by the gateway itself."""

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from agentops_operator.agent.facts import GatewaySettings, Settings
from agentops_operator.agent.gateway.objects import (
    MOST_BYTES,
    PLAIN_BYTES,
    PlanTooLargeError,
    compile_gateway,
    plan_config_map,
    stored_text,
)
from agentops_operator.kube.digest import canonical, digest
from agentops_operator.kube.names import PLAN_KEY
from bench.gateway_plan import fleet
from tests.agent.gateway.judge import refusal
from tests.agent.gateway.world import CASES, load

PLAN = load((CASES / "platform aliases, own limits and a budget of the team" / "world.yaml").read_text()).plan()


def container(**gateway: Any) -> dict[str, Any]:
    """The gateway's container under these settings."""
    _, deployment = compile_gateway(PLAN, Settings(gateway=GatewaySettings(enabled=True, **gateway)))
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def variables(**gateway: Any) -> dict[str, Any]:
    """Its variables by name."""
    return {entry["name"]: entry for entry in container(**gateway)["env"]}


def test_small_plan_can_be_read_by_a_person() -> None:
    """`kubectl get configmap` shows the JSON."""
    assert json.loads(plan_config_map(PLAN)["data"][PLAN_KEY]) == PLAN


def test_plan_of_a_large_fleet_fits_and_is_taken_by_the_gateway(tmp_path: Path) -> None:
    """1,000 Agents and 200 aliases are most of what a ConfigMap holds; compressed they are little, and mean the same."""
    plan = fleet().plan()
    made = plan_config_map(plan)
    packed = base64.b64decode(made["binaryData"][PLAN_KEY])
    assert "data" not in made
    assert len(canonical(plan)) > PLAIN_BYTES > len(packed)
    assert stored_text(made) == canonical(plan)
    assert refusal(packed, tmp_path) == ""


def test_same_plan_is_packed_into_the_same_bytes() -> None:
    """A time inside would be a write at every pass."""
    plan = fleet().plan()
    assert plan_config_map(plan) == plan_config_map(plan)


def test_plan_that_fits_nowhere_is_an_error_that_says_what_to_do() -> None:
    """It is told in the conditions; nothing is cut off in silence."""
    noise = random.Random(1).randbytes(MOST_BYTES)
    with pytest.raises(PlanTooLargeError, match="serve fewer Agents"):
        plan_config_map({"agents": {str(place): digest(noise[place : place + 64].hex()) for place in range(0, MOST_BYTES, 20)}})


def test_only_secrets_that_targets_name_are_mounted_and_none_is_required() -> None:
    """A missing Secret stops its targets, never the gateway."""
    _, deployment = compile_gateway(PLAN, Settings())
    volumes = [volume["secret"] for volume in deployment["spec"]["template"]["spec"]["volumes"] if "secret" in volume]
    assert [(v["secretName"], v["optional"]) for v in volumes] == [("agentops-anthropic", True), ("agentops-openai", True)]


def test_address_of_the_store_with_a_password_is_read_by_the_kubelet() -> None:
    """The operator knows the Secret's name; a Secret that is missing leaves onStateError to decide."""
    source = variables(store_secret="agentops-redis")["AGENTOPS_REDIS_URL"]["valueFrom"]["secretKeyRef"]
    assert source == {"name": "agentops-redis", "key": "url", "optional": True}
    assert variables(store_url="redis://s:6379")["AGENTOPS_REDIS_URL"]["value"] == "redis://s:6379"
    assert "AGENTOPS_REDIS_URL" not in variables()


def test_autoscaler_decides_the_number_of_replicas() -> None:
    """A number of ours would be written back at every pass."""
    _, fixed = compile_gateway(PLAN, Settings(gateway=GatewaySettings(replicas=3)))
    _, scaled = compile_gateway(PLAN, Settings(gateway=GatewaySettings(replicas=0)))
    assert fixed["spec"]["replicas"] == 3
    assert "replicas" not in scaled["spec"]
