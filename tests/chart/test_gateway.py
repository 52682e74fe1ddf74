"""What the chart renders of the gateway and its state store."""

import json
from typing import Any

import pytest

from agentops_operator.agent.facts import Settings, StoreSettings
from agentops_operator.agent.gateway.objects import compile_gateway
from agentops_operator.runtime.settings import from_environment
from tests.chart.conftest import CHART, VERSION, Helm, Render, values_files
from tests.chart.test_render import READS, Object, named

GATEWAY_VALUES = next(path for path in values_files() if path.stem == "gateway-values")
EXTERNAL_VALUES = next(path for path in values_files() if path.stem == "gateway-external-store-values")


def gateway_parts(objects: list[Object]) -> set[tuple[str, str]]:
    """Kinds and names of the objects of gateway and store."""
    parts = ("agentops-gateway", "agentops-store")
    return {(o["kind"], o["metadata"]["name"]) for o in objects if o["metadata"]["name"].startswith(parts)}


def test_without_a_gateway_nothing_of_it_is_installed(render: Render) -> None:
    """Off by default, and then not even an account is there."""
    objects = render()
    assert gateway_parts(objects) == set()
    (operator,) = named(objects, "Deployment", "agentops-operator")
    variables = {entry["name"]: entry.get("value") for entry in operator["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert variables["AGENTOPS_GATEWAY_ENABLED"] == "false"


def test_gateway_comes_with_what_never_changes_and_a_store(render: Render) -> None:
    """Services find the pods that the operator makes, and the operator is told where the store is."""
    objects = render("--values", GATEWAY_VALUES)
    labels = compile_gateway({"targets": {}}, Settings())[1]["spec"]["template"]["metadata"]["labels"]
    for name in ("agentops-gateway", "agentops-gateway-replicas"):
        (service,) = named(objects, "Service", name)
        assert service["spec"]["selector"].items() <= labels.items()
    (policy,) = named(objects, "NetworkPolicy", "agentops-gateway")
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    (operator,) = named(objects, "Deployment", "agentops-operator")
    variables = {entry["name"]: entry.get("value") for entry in operator["spec"]["template"]["spec"]["containers"][0]["env"]}
    settings = from_environment({name: value for name, value in variables.items() if value}).compile
    (store,) = named(objects, "Service", "agentops-store")
    assert settings.gateway.enabled
    assert settings.gateway.store.url == f"redis://agentops-store.{store['metadata']['namespace']}.svc:6379"
    assert settings.gateway.replicas == 2


def test_gateway_may_follow_its_plan_and_read_nothing_else(render: Render) -> None:
    """One ConfigMap by name, to get and to watch: no list, no Secret, no other namespace. The operator tells it which."""
    objects = render("--values", GATEWAY_VALUES)
    (role,) = named(objects, "Role", "agentops-gateway-plan")
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["agentops-gateway"], "verbs": ["get", "watch"]}
    assert role["rules"] == [rule]
    (binding,) = named(objects, "RoleBinding", "agentops-gateway-plan")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [subject["name"] for subject in binding["subjects"]] == ["agentops-gateway"]
    (container,) = compile_gateway({"targets": {}}, Settings())[1]["spec"]["template"]["spec"]["containers"]
    assert {"name": "AGENTOPS_PLAN_CONFIG_MAP", "value": "agentops-system/agentops-gateway"} in container["env"]


def test_store_writes_to_disk_before_it_answers_and_forgets_nothing(render: Render) -> None:
    """A charge that was answered and lost would be spent twice; an evicted count is a budget that begins anew."""
    (store,) = named(render("--values", GATEWAY_VALUES), "StatefulSet", "agentops-store")
    arguments = store["spec"]["template"]["spec"]["containers"][0]["args"]
    pairs = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert (pairs["--appendonly"], pairs["--appendfsync"], pairs["--maxmemory-policy"]) == ("yes", "always", "noeviction")
    assert store["spec"]["volumeClaimTemplates"]


def test_operator_may_run_the_gateway_and_no_other_image_more(render: Render) -> None:
    """The policy on our own pods lists the gateway's image where there is one."""

    def images(*arguments: Any) -> Any:
        (policy,) = named(render(*arguments), "ValidatingAdmissionPolicy", "agentops-own-pods")
        return json.loads(next(v["expression"] for v in policy["spec"]["variables"] if v["name"] == "repositories"))

    assert set(images("--values", GATEWAY_VALUES)) - set(images()) == {"agentops/gateway"}


def test_external_store_and_autoscaler_leave_out_what_they_replace(render: Render) -> None:
    """No Valkey of ours, and no number of replicas that would fight the autoscaler's."""
    objects = render("--values", EXTERNAL_VALUES)
    assert ("StatefulSet", "agentops-store") not in gateway_parts(objects)
    assert ("HorizontalPodAutoscaler", "agentops-gateway") in gateway_parts(objects)
    (operator,) = named(objects, "Deployment", "agentops-operator")
    variables = {entry["name"]: entry.get("value") for entry in operator["spec"]["template"]["spec"]["containers"][0]["env"]}
    settings = from_environment({name: value for name, value in variables.items() if value}).compile
    assert settings.gateway.replicas == 0
    others = ("redis-node-1.redis:26379", "redis-node-2.redis:26379")
    store = StoreSettings("rediss://redis-node-0.redis:26379", "Sentinel", others, "agentops", "redis", "agentops-redis")
    assert settings.gateway.store == store


def test_proxy_arrives_in_the_operators_settings(render: Render) -> None:
    """The operator hands it to every gateway."""
    sets = ("--set", "gateway.proxy.url=http://proxy.corp:3128", "--set", "gateway.proxy.exclude={models.corp,10.0.0.0/8}")
    (operator,) = named(render("--values", GATEWAY_VALUES, *sets), "Deployment", "agentops-operator")
    variables = {entry["name"]: entry.get("value") for entry in operator["spec"]["template"]["spec"]["containers"][0]["env"]}
    gateway = from_environment({name: value for name, value in variables.items() if value}).compile.gateway
    assert (gateway.proxy, gateway.proxy_exclude) == ("http://proxy.corp:3128", ("models.corp", "10.0.0.0/8"))


def test_narrow_egress_of_the_gateway_leaves_its_own_parts_reachable(render: Render) -> None:
    """Who lists the providers must not have to know that the chart brings a store, and where spans go."""
    narrow = ("--set", "networkPolicy.gatewayEgress[0].ports[0].port=443")
    (policy,) = named(render("--values", GATEWAY_VALUES, *narrow), "NetworkPolicy", "agentops-gateway")
    (store,) = named(render("--values", GATEWAY_VALUES), "StatefulSet", "agentops-store")
    first, own, relay = policy["spec"]["egress"]
    assert first == {"ports": [{"port": 443}]}
    assert own["to"][0]["podSelector"]["matchLabels"].items() <= store["spec"]["template"]["metadata"]["labels"].items()
    (policy,) = named(render("--values", EXTERNAL_VALUES), "NetworkPolicy", "agentops-gateway")
    assert policy["spec"]["egress"][1:] == [relay]


@pytest.mark.parametrize(
    ("sets", "want"),
    [
        ("gateway.proxy.url=http://me:secret@proxy:3128", "url"),
        ("gateway.store.url=redis://x:6379", "belong to gateway.store.mode External"),
        ("gateway.store.topology=Cluster", "belong to gateway.store.mode External"),
        ("gateway.store.mode=External", "set gateway.store.url"),
        ("gateway.store.mode=External,gateway.store.secret=agentops-redis", "set gateway.store.url"),
        ("gateway.store.mode=External,gateway.store.url=redis://:secret@x", "url"),
        ("gateway.store.mode=External,gateway.store.url=http://x", "url"),
        ("gateway.store.mode=External,gateway.store.url=redis://x,gateway.store.secret=redis", "secret"),
        ("gateway.store.mode=External,gateway.store.url=redis://x,gateway.store.topology=Ring", "topology"),
        ("gateway.store.mode=External,gateway.store.url=redis://x,gateway.store.topology=Sentinel", "gateway.store.master"),
        ("gateway.store.mode=External,gateway.store.url=redis://x,gateway.store.master=main", "gateway.store.master"),
        ("gateway.store.mode=External,gateway.store.url=redis://x,gateway.store.addresses={b:1}", "gateway.store.addresses"),
        ("gateway.store.mode=External,gateway.store.url=redis://x,gateway.store.addresses={b}", "addresses"),
        ("gateway.store.mode=External,gateway.store.url=redis://x,gateway.store.serverName=x", "write rediss://"),
        ("gateway.autoscaling.enabled=true,gateway.autoscaling.minReplicas=11", "minReplicas is 11 and maxReplicas 10"),
        ("gateway.autoscaling.enabled=true,gateway.resources.requests.cpu=null", "gateway.resources.requests.cpu"),
    ],
)
def test_gateway_that_cannot_be_meant_is_refused(helm: Helm, sets: str, want: str) -> None:
    """A password never stands in a value, a store is either ours or yours, and an autoscaler can work."""
    done = helm("template", "agentops", CHART, "--set", f"gateway.enabled=true,{sets}", *VERSION)
    assert done.returncode != 0
    assert want in done.stderr


def test_people_decide_only_where_somebody_bound_them(render: Render) -> None:
    """The roles aggregate to none, are bound to nobody, and stay within the namespaces of a namespaced install."""
    for arguments, kind in (((), "ClusterRole"), (("--values", CHART / "ci" / "namespaced-values.yaml"), "Role")):
        objects = render(*arguments)
        roles = {role["metadata"]["name"]: role for role in named(objects, kind) if "run-" in role["metadata"]["name"]}
        assert set(roles) == {"agentops-run-deciders", "agentops-run-viewers"}
        assert all("aggregat" not in json.dumps(role["metadata"]) for role in roles.values())
        assert "decide" in roles["agentops-run-deciders"]["rules"][0]["verbs"]
        assert set(roles["agentops-run-viewers"]["rules"][0]["verbs"]) == READS
        bound = {item["roleRef"]["name"] for item in (*named(objects, "ClusterRoleBinding"), *named(objects, "RoleBinding"))}
        assert not set(roles) & bound


def test_receiver_of_notices_is_mounted_and_may_be_reached(render: Render) -> None:
    """The kubelet reads the Secret; a port of its own is open, and nothing is mounted where nobody is told."""
    objects = render("--set", "escalation.secret=agentops-desk,escalation.port=8443")
    (deployment,) = named(objects, "Deployment", "agentops-operator")
    (volume,) = [one for one in deployment["spec"]["template"]["spec"]["volumes"] if one["name"] == "receiver"]
    assert volume["secret"] == {"secretName": "agentops-desk", "optional": True, "defaultMode": 0o440}
    (policy,) = named(objects, "NetworkPolicy", "agentops-operator")
    assert [{"port": 8443, "protocol": "TCP"}] in [rule.get("ports") for rule in policy["spec"]["egress"]]
    assert "agentops-receiver" not in json.dumps(named(render(), "Deployment", "agentops-operator"))
