"""The gateway's objects, and plans of a large fleet, judged by the gateway itself."""

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from agentops_operator.agent.facts import GatewaySettings, Settings, StoreSettings
from agentops_operator.agent.gateway.objects import (
    MOST_BYTES,
    PLAIN_BYTES,
    PlanTooLargeError,
    compile_gateway,
    plan_config_map,
    stored_text,
)
from agentops_operator.agent.relay import compile_relay
from agentops_operator.kube.digest import canonical, digest
from agentops_operator.kube.names import PLAN_KEY
from bench.gateway_plan import fleet
from demo.images import ROOT
from tests.agent.gateway.judge import refusal
from tests.agent.gateway.world import CASES, load

PLAN = load((CASES / "platform aliases, own limits and a budget of the team" / "world.yaml").read_text()).plan()


def pod(**gateway: Any) -> dict[str, Any]:
    """The gateway's pod under these settings."""
    _, deployment = compile_gateway(PLAN, Settings(gateway=GatewaySettings(enabled=True, **gateway)))
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def variables(**gateway: Any) -> dict[str, Any]:
    """Its variables by name."""
    return {entry["name"]: entry for entry in pod(**gateway)["containers"][0]["env"]}


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


def test_store_is_told_by_variables_and_what_is_secret_by_files() -> None:
    """No variable comes from a Secret; one that is missing leaves onStateError to decide, not the kubelet."""
    store = StoreSettings("rediss://a:26379", "Sentinel", ("b:26379", "c:26379"), "main", "redis", "agentops-redis")
    found = {name: entry.get("value") for name, entry in variables(store=store).items() if name.startswith("AGENTOPS_REDIS")}
    assert found == {
        "AGENTOPS_REDIS_URL": "rediss://a:26379",
        "AGENTOPS_REDIS_TOPOLOGY": "Sentinel",
        "AGENTOPS_REDIS_ADDRESSES": "b:26379,c:26379",
        "AGENTOPS_REDIS_MASTER": "main",
        "AGENTOPS_REDIS_SERVER_NAME": "redis",
        "AGENTOPS_REDIS_SECRET": "/var/run/agentops-store/agentops-redis",
    }
    made = pod(store=store)
    assert {"name": "store", "secret": {"secretName": "agentops-redis", "optional": True, "defaultMode": 0o440}} in made[
        "volumes"
    ]
    mount = {"name": "store", "mountPath": "/var/run/agentops-store/agentops-redis", "readOnly": True}
    assert mount in made["containers"][0]["volumeMounts"]
    assert "secretKeyRef" not in json.dumps(made)
    assert "store" not in [volume["name"] for volume in pod()["volumes"]]
    assert not [name for name in variables() if name.startswith("AGENTOPS_REDIS")]


def test_variables_of_the_store_are_those_that_the_gateway_reads() -> None:
    """A name that it does not know would be a store without TLS, or none at all."""
    source = (ROOT / "dataplane" / "gateway" / "settings.go").read_text()
    store = StoreSettings("u", "t", ("a",), "m", "n", "agentops-s")
    told = [name for name in variables(store=store) if name.startswith("AGENTOPS_REDIS")]
    assert len(told) == 6
    assert all(f'("{name.removeprefix("AGENTOPS_")}"' in source for name in told)


def test_autoscaler_decides_the_number_of_replicas() -> None:
    """A number of ours would be written back at every pass."""
    _, fixed = compile_gateway(PLAN, Settings(gateway=GatewaySettings(replicas=3)))
    _, scaled = compile_gateway(PLAN, Settings(gateway=GatewaySettings(replicas=0)))
    assert fixed["spec"]["replicas"] == 3
    assert "replicas" not in scaled["spec"]


def test_gateway_sends_spans_with_a_token_of_its_own() -> None:
    """The relay's address, and a token for it that the kubelet renews; the relay takes it from this account alone."""
    _, deployment = compile_gateway(PLAN, Settings(gateway=GatewaySettings(enabled=True)))
    pod = deployment["spec"]["template"]["spec"]
    [volume] = [volume for volume in pod["volumes"] if "projected" in volume]
    source, _ = volume["projected"]["sources"]  # the other one is for tenants
    assert source["serviceAccountToken"]["audience"] == "agentops-relay"
    [mount] = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == volume["name"]]
    told = variables()
    assert told["AGENTOPS_OTLP_TOKEN"]["value"] == f"{mount['mountPath']}/token"
    assert told["AGENTOPS_OTLP_ENDPOINT"]["value"] == "http://agentops-relay.agentops-system.svc:4318"
    subject = {entry["name"]: entry.get("value") for entry in _relay_container()["env"]}["AGENTOPS_GATEWAY_SUBJECT"]
    assert subject == f"system:serviceaccount:agentops-system:{pod['serviceAccountName']}"


def _relay_container() -> dict[str, Any]:
    _, stateful_set = compile_relay({}, {}, Settings())
    found: dict[str, Any] = stateful_set["spec"]["template"]["spec"]["containers"][0]
    return found


def test_providers_are_reached_by_the_proxy_and_the_cluster_without_it() -> None:
    """A proxy that is asked for the API server or the relay knows neither; without a proxy nothing is said."""
    told = variables(proxy="http://proxy.corp:3128", proxy_exclude=("models.corp",))
    assert told["HTTPS_PROXY"]["value"] == told["HTTP_PROXY"]["value"] == "http://proxy.corp:3128"
    assert told["NO_PROXY"]["value"] == "$(KUBERNETES_SERVICE_HOST),.svc,.cluster.local,localhost,127.0.0.1,models.corp"
    assert not {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"} & set(variables())
