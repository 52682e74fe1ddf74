"""The gateway of a namespace whose policies bring credentials: what it is made of, and what the program says of itself."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from agentops_operator.agent.facts import GatewaySettings, Settings, StoreSettings
from agentops_operator.agent.gateway.objects import compile_gateway
from agentops_operator.agent.gateway.tenant import KINDS, compile_tenant
from agentops_operator.kube.digest import digest
from agentops_operator.policies.fallback.compile import fragment
from conformance.processes import Process, free_port
from tests.agent.gateway.judge import program
from tests.agent.gateway.world import CASES, World, load

WORLD = (CASES / "credential of a tenant is named in the plan of its namespace alone" / "world.yaml").read_text()
SETTINGS = Settings(gateway=GatewaySettings(enabled=True, store=StoreSettings("redis://s:6379", secret="agentops-redis")))


def objects(world: World, settings: Settings = SETTINGS) -> dict[str, dict[str, Any]]:
    """All objects of namespace shop by kind."""
    row = world.resolved()["shop/billing"].row
    assert row is not None
    return {obj["kind"]: obj for obj in compile_tenant("shop", row.fragments, settings)}


def test_namespace_gets_all_objects_and_each_is_owned_by_its_policies() -> None:
    """Garbage collection takes them with the last policy, also while there is no operator."""
    made = objects(load(WORLD))
    assert {(obj["apiVersion"], kind) for kind, obj in made.items()} == set(KINDS)
    for obj in made.values():
        assert (obj["metadata"]["name"], obj["metadata"]["namespace"]) == ("agentops-tenant-gateway", "shop")
        owners = [(ref["kind"], ref["name"], ref["uid"], ref["controller"]) for ref in obj["metadata"]["ownerReferences"]]
        assert owners == [("ProviderFallback", "own", "uid-own", False)]


def test_namespace_without_an_own_credential_gets_nothing() -> None:
    """A platform policy, or a Service of one's own, needs no gateway there."""
    row = load(WORLD).resolved()["bank/teller"].row
    assert row is not None
    assert compile_tenant("bank", row.fragments, SETTINGS) == ()


def test_nothing_of_the_platform_stands_in_a_namespace_of_a_tenant() -> None:
    """No Secret of the platform, no address of the state store, and no other tenant's target."""
    text = json.dumps(list(objects(load(WORLD)).values()))
    assert [word for word in ("agentops-platform", "redis", "bank", "agentops-unused") if word in text] == []
    volumes = objects(load(WORLD))["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert [volume["secret"]["secretName"] for volume in volumes if "secret" in volume] == ["agentops-aws"]


def test_shared_gateway_mounts_no_secret_of_a_tenant() -> None:
    """The kubelet could not give it one, and it has another way to ask."""
    _, deployment = compile_gateway(load(WORLD).plan(), SETTINGS)
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    mounted = [volume["secret"]["secretName"] for volume in volumes if "secret" in volume]
    assert mounted == ["agentops-platform", "agentops-redis"]
    tokens = [source["serviceAccountToken"] for volume in volumes for source in volume.get("projected", {}).get("sources", ())]
    assert [token["audience"] for token in tokens] == ["agentops-relay", "agentops-tenant-gateway"]


def test_only_gateway_and_operator_may_connect_and_no_way_out_is_opened() -> None:
    """A policy of ours that allowed ways out would add them to what the namespace grants."""
    spec = objects(load(WORLD))["NetworkPolicy"]["spec"]
    assert spec["policyTypes"] == ["Ingress"]
    assert "egress" not in spec
    callers = [(entry["from"][0]["podSelector"]["matchLabels"], entry["ports"][0]["port"]) for entry in spec["ingress"]]
    name = "app.kubernetes.io/name"
    assert callers == [({name: "agentops-gateway"}, 4000), ({name: "agentops-operator"}, 4001)]
    home = {"matchLabels": {"kubernetes.io/metadata.name": "agentops-system"}}
    assert all(entry["from"][0]["namespaceSelector"] == home for entry in spec["ingress"])


def test_changed_secret_changes_the_tenants_plan_and_not_the_shared_one() -> None:
    """Others do not notice it."""
    before, after = load(WORLD), load(WORLD.replace("agentops-aws", "agentops-new"))
    assert before.plan() == after.plan()
    assert objects(before)["ConfigMap"] != objects(after)["ConfigMap"]


def test_policy_of_the_platform_is_asked_directly() -> None:
    """The same policy of a tenant goes through its namespace."""
    policy = load(WORLD).policies[1]
    assert fragment("shop/own", policy.spec).lent == {}
    assert set(fragment("shop/own", policy.spec, tenant=True).lent) == {"shop/own/cloud"}


def test_program_names_each_target_by_the_digest_that_the_operator_expects(tmp_path: Path) -> None:
    """Read-back compares the two, so the two languages must agree; no token is needed, and no Secret is told."""
    plan = load(WORLD).tenants()["shop"]
    (tmp_path / "plan").write_text(json.dumps(plan))
    (tmp_path / "agentops-aws").mkdir()
    (tmp_path / "agentops-aws" / "id").write_text("AKIA-of-the-shop")
    admin = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "AGENTOPS_PLAN": str(tmp_path / "plan"),
        "AGENTOPS_SECRETS": str(tmp_path),
        "AGENTOPS_LISTEN": "127.0.0.1:0",
        "AGENTOPS_ADMIN_LISTEN": f"127.0.0.1:{admin}",
        "AGENTOPS_METRICS_LISTEN": "127.0.0.1:0",
        "AGENTOPS_TENANT_NAMESPACE": "shop",
        "AGENTOPS_GATEWAY_SUBJECT": "system:serviceaccount:agentops-system:agentops-gateway",
    }
    running = Process([str(program()), "tenant"], tmp_path / "gateway.log", env)
    try:
        running.wait_for(admin)
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/v1/state", timeout=10) as answer:
            text = str(answer.read().decode())
    finally:
        running.kill()
    targets = json.loads(text)["targets"]
    assert {name: entry["digest"] for name, entry in targets.items()} == {
        name: digest(target) for name, target in plan["targets"].items()
    }
    assert targets["shop/own/cloud"]["state"] == "CredentialMissing"
    assert "AKIA" not in text
