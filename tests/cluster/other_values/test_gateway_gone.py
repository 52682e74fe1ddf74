"""Pods whose gateway is gone, for a while or with the release; and the release that does not go while they need it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from demo.gateway import LABEL, fetch
from demo.images import DEMO_IMAGES, build_and_load
from demo.install import NAMESPACE, RELEASE, helm
from devcluster.errors import DevclusterError
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import pods
from tests.cluster.other_values.conftest import DIRECT, GONE, Release
from tests.cluster.platform import platform_policy
from tests.cluster.shapes import Object, agent, container, custom, workload
from tests.cluster.shop import DEMO, SMALL, provider

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
POLICY = "e2e-gateway-gone"
MODEL = "gpt-4o"  # alias and the provider's own name: what goes direct is asked for under the same one
SECRET = "agentops-e2e-gateway-gone"
OWN_KEY = "sk-of-the-agent"
GATEWAY = ("deployment/agentops-gateway", "-n", NAMESPACE)
OURS = (RELEASE, "--namespace", NAMESPACE)


def fallback() -> Object:
    """The platform's policy, which lets calls go direct."""
    credential = {"secretName": SECRET, "keys": [{"role": "ApiKey", "key": "api-key"}]}
    target = {"name": "a", "provider": "openai-compatible", "endpoint": DIRECT, "model": MODEL, "credential": credential}
    return custom(
        "ProviderFallback", POLICY, targets=[target], aliases=[{"name": MODEL, "targets": [{"name": "a"}]}], directCalls="Allowed"
    )


def caller(name: str, *env: dict[str, str]) -> Object:
    """The Deployment of an agent with OpenAI's SDK."""
    ready = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    command = ("/opt/venv/bin/python", "-m", "demo.caller")
    return workload(
        "Deployment",
        name,
        container(image=DEMO, command=command, resources=SMALL, volumeMounts=[], readinessProbe=ready, env=list(env)),
    )


class Shop:
    """Two agents: one is refused without a gateway, the other one then asks the provider with its own key."""

    def __init__(self, product: Access) -> None:
        self.product = product

    def ask(self, name: str) -> dict[str, Any]:
        """Lets an agent make one call."""
        [one] = pods(self.product, GONE, "-l", f"app={name}")
        found: dict[str, Any] = json.loads(fetch(f"http://{one['status']['podIP']}:8080", {"model": MODEL, "run": "r"}))
        return found

    def through_gateway(self) -> None:
        """Waits until the calls of both pass it."""
        for name in ("direct", "refusing"):
            said = self.product.until(f"calls of {name}", lambda name=name: self.ask(name), lambda one: "target" in one)
            assert (said["status"], said.get("route")) == (200, None)

    def without_gateway(self) -> None:
        """One reads why, the other one is answered by the provider."""
        refused = self.ask("refusing")
        assert (refused["status"], refused["error"], refused["code"]) == (503, "InternalServerError", "gateway_unreachable")
        assert self.ask("direct") == {"status": 200, "model": MODEL, "route": "direct"}

    def keys_seen(self) -> set[str]:
        """Ends of the keys that the provider was asked with."""
        address = self.product.get("pod", "provider", "-n", GONE)["status"]["podIP"]
        return {line["key"] for line in json.loads(fetch(f"http://{address}:8080/bill"))["lines"]}


@pytest.fixture(scope="module")
def shop(product: Access, release: Release) -> Iterator[Shop]:
    """The shop, with the gateway's number of replicas in nobody's hand but the autoscaler's."""
    del release
    build_and_load(product.cluster, DEMO_IMAGES[:1])
    product.kubectl("delete", "secret", SECRET, "-n", NAMESPACE, "--ignore-not-found")
    product.kubectl("create", "secret", "generic", SECRET, "-n", NAMESPACE, "--from-literal=api-key=sk-of-the-platform")
    with fresh_namespaces(product, GONE), platform_policy(product, fallback(), GONE):
        asks = agent("direct", "Deployment", execution={"onGatewayDown": "Direct"})
        product.apply(*provider("provider"), asks, agent("refusing", "Deployment"), namespace=GONE)
        product.until("the ways", lambda: _ways(product), lambda found: found == {"direct": "Direct", "refusing": "Refuse"})
        product.wait_for_entry(GONE, "Deployment/direct")
        product.apply(caller("direct", {"name": "OPENAI_API_KEY", "value": OWN_KEY}), caller("refusing"), namespace=GONE)
        for name in ("direct", "refusing"):
            product.kubectl("rollout", "status", f"deployment/{name}", "-n", GONE, "--timeout=120s")
        made = Shop(product)
        made.through_gateway()
        yield made
    product.kubectl("delete", "secret", SECRET, "-n", NAMESPACE, "--ignore-not-found")


def _ways(product: Access) -> dict[str, str]:
    items = product.get("injectionindexes.agentops.dev", "-n", GONE)["items"]
    entries = [entry for item in items for rows in item.get("agents", {}).values() for entry in rows]
    return {entry["agent"]: entry.get("gateway", "") for entry in entries}


def _no_gateway(product: Access) -> None:
    product.until("no gateway", lambda: product.get("pods", "-n", NAMESPACE, "-l", LABEL)["items"], lambda found: not found)


def test_calls_past_a_gateway_that_is_away_are_seen(product: Access, shop: Shop) -> None:
    """Conditions, an Event and a metric tell while it lasts, and nothing is enforced that cannot be."""
    assert OWN_KEY[-4:] not in shop.keys_seen()
    product.kubectl("scale", *GATEWAY, "--replicas=0")
    try:
        _no_gateway(product)
        shop.without_gateway()
        assert OWN_KEY[-4:] in shop.keys_seen()
        product.until_condition("agents", "direct", GONE, Enforced="False/GoesDirect")
        product.until_condition("agents", "refusing", GONE, Enforced="False/GatewayAway")
        product.until_condition("providerfallbacks", POLICY, NAMESPACE, Enforced="False/GoesDirect")
        counted = lambda: product.metric("agentops_calls_direct_total", namespace=GONE, agent="direct")  # noqa: E731
        product.until("the count", counted, lambda calls: calls >= 1)
        events = lambda: product.get("events", "-n", GONE, "--field-selector", "reason=GoesDirect")["items"]  # noqa: E731
        product.until("the event", events, bool)
    finally:
        product.kubectl("scale", *GATEWAY, "--replicas=2")
    shop.through_gateway()
    product.until_condition("agents", "direct", GONE, Enforced="True")


def test_release_stays_while_pods_use_the_gateway(product: Access, shop: Shop) -> None:
    """Helm names the Job, its log names the Agents, calls go on, and a rollback makes the release whole again."""
    with pytest.raises(DevclusterError, match="agentops-uninstall-guard"):
        helm(product.cluster, "uninstall", *OURS)
    log = product.kubectl("logs", "job/agentops-uninstall-guard", "-n", NAMESPACE)
    assert f"{GONE}/direct (1), {GONE}/refusing (1)" in log
    last = _history(product)[-1]
    assert last["status"] == "uninstalling"
    shop.through_gateway()
    helm(product.cluster, "rollback", RELEASE, str(last["revision"]), "--namespace", NAMESPACE)
    assert _history(product)[-1]["status"] == "deployed"


def test_forced_uninstall_leaves_pods_a_clear_error(product: Access, shop: Shop, release: Release) -> None:
    """Everything of the release goes, agents run on and read why; installed again, they are served as before."""
    running = {one["metadata"]["uid"] for name in ("direct", "refusing") for one in pods(product, GONE, "-l", f"app={name}")}
    helm(product.cluster, "uninstall", *OURS, "--no-hooks")
    try:
        _no_gateway(product)
        product.until("no service", lambda: product.kubectl("get", "services", "-n", NAMESPACE, "-o", "name"), _none_of_ours)
        shop.without_gateway()
    finally:
        release.install()
    shop.through_gateway()
    after = {one["metadata"]["uid"] for name in ("direct", "refusing") for one in pods(product, GONE, "-l", f"app={name}")}
    assert after == running


def _none_of_ours(names: str) -> bool:
    return "service/agentops-gateway" not in names


def _history(product: Access) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(helm(product.cluster, "history", *OURS, "-o", "json"))
    return found
