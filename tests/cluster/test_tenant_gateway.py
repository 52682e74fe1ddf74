"""A tenant's own credential on a real node: it is used in its namespace, and nobody else has it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from demo.gateway import Gateway, fetch
from demo.images import DEMO_IMAGES, build_and_load
from demo.install import NAMESPACE
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import pods
from tests.cluster.shapes import Object, custom
from tests.cluster.shop import AGENT, Shop, limited, provider

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
TENANT, NEIGHBOUR = "e2e-tenant", "e2e-neighbour"
NAME = "agentops-tenant-gateway"
OWN = "agentops-own"
KINDS = "deployment,service,serviceaccount,configmap,poddisruptionbudget,networkpolicy"


def own_policy() -> Object:
    """The tenant's policy: its provider, with its Secret."""
    credential = {"secretName": OWN, "keys": [{"role": "ApiKey", "key": "api-key"}]}
    target = {
        "name": "a",
        "provider": "openai-compatible",
        "endpoint": f"http://provider-a.{TENANT}.svc:8080",
        "model": "gpt-4o",
        "credential": credential,
        "price": {"input": "2.5", "output": "10"},
    }
    return custom("ProviderFallback", "own", targets=[target], aliases=[{"name": "smart", "targets": [{"name": "a"}]}])


@pytest.fixture(scope="module")
def shop(product: Access) -> Iterator[Shop]:
    """A namespace whose agent has no alias but that of its own policy; the Secret is not there yet."""
    build_and_load(product.cluster, DEMO_IMAGES[:1])
    with fresh_namespaces(product, TENANT, NEIGHBOUR):
        made = Shop(product, Gateway(product.kubectl), namespace=TENANT)
        product.apply(*provider("provider-a"), limited(3), own_policy(), namespace=TENANT)
        made.open("provider-a")
        yield made


def children(product: Access, namespace: str = TENANT) -> list[str]:
    """Kinds of what stands in the namespace by the gateway's name."""
    found = json.loads(product.kubectl("get", KINDS, "-n", namespace, "-o", "json"))["items"]
    return sorted(item["kind"] for item in found if item["metadata"]["name"] == NAME)


def own_pods(product: Access) -> list[dict[str, Any]]:
    """Pods of the tenant's gateway that are ready."""
    found = pods(product, TENANT, "-l", f"app.kubernetes.io/name={NAME}")
    return [pod for pod in found if all(entry["ready"] for entry in pod["status"].get("containerStatuses", [{"ready": False}]))]


def test_policy_with_a_credential_brings_a_gateway_that_lacks_the_secret(product: Access, shop: Shop) -> None:
    """Under the Pod Security level `restricted`; Programmed holds, and Enforced names the Secret of the tenant's namespace."""
    product.until_condition(
        "providerfallbacks", "own", TENANT, Accepted="True", Programmed="True", Enforced="False/CredentialMissing"
    )
    six = ["ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"]
    assert children(product) == six
    assert children(product, NEIGHBOUR) == []
    said = product.get("providerfallbacks.agentops.dev", "own", "-n", TENANT)["status"]["conditions"]
    assert f"create Secret {TENANT}/{OWN} with api-key" in next(c["message"] for c in said if c["type"] == "Enforced")


def test_call_is_answered_by_a_provider_that_saw_the_tenants_key(product: Access, shop: Shop) -> None:
    """The key is in the tenant's namespace alone; limits of its runs are kept by the shared gateway."""
    product.kubectl("create", "secret", "generic", OWN, "-n", TENANT, "--from-literal=api-key=sk-of-the-tenant-7531")
    said = lambda: product.conditions("providerfallbacks", "own", TENANT)["Enforced"]["reason"]  # noqa: E731
    product.until("the Secret in the tenant's gateway", said, lambda reason: reason != "CredentialMissing")
    run = f"limited-{uuid4()}"  # the store remembers runs of an earlier day
    calls = [shop.ask(run) for _ in range(4)]
    assert [call["status"] for call in calls] == [200, 200, 200, 403], calls
    assert (calls[0]["target"], calls[3]["code"]) == (f"{TENANT}/own/a", "run_steps")
    lines = shop.bill("provider-a")["lines"]
    assert [(line["key"], line["calls"]) for line in lines] == [("7531", 3)]
    product.until_condition("providerfallbacks", "own", TENANT, Programmed="True", Enforced="True")
    product.until_condition("agents", AGENT, TENANT, Programmed="True", Enforced="True")


def test_neither_platform_nor_tenant_holds_what_is_the_others(product: Access, shop: Shop) -> None:
    """The shared gateway mounts no Secret of the tenant; the tenant's pod knows no state store and no Secret of the platform."""
    shared = json.dumps(product.get("deployment", "agentops-gateway", "-n", NAMESPACE))
    assert OWN not in shared
    theirs = product.get("deployment", NAME, "-n", TENANT)["spec"]["template"]["spec"]
    assert [v["secret"]["secretName"] for v in theirs["volumes"] if "secret" in v] == [OWN]
    assert "agentops-store" not in json.dumps(theirs)
    assert [what for what in FORBIDDEN if allowed(product, what)] == []
    assert allowed(product, ("patch", "apps", "deployments", NAME))


FORBIDDEN = (
    ("get", "", "secrets", OWN),
    ("patch", "apps", "deployments", AGENT),
    ("create", "apps", "deployments", ""),
    ("delete", "policy", "poddisruptionbudgets", "other"),
    ("list", "", "services", ""),
    ("create", "", "serviceaccounts", "other"),
)
"""Verb, group, resource and name of what the operator may not do in a tenant's namespace."""


def allowed(product: Access, what: tuple[str, str, str, str]) -> bool:
    """Whether the operator's account may do this, as the API server decides it."""
    attributes = dict(zip(("verb", "group", "resource", "name"), what, strict=True))
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{NAMESPACE}:agentops-operator",
            "resourceAttributes": {**attributes, "namespace": TENANT},
        },
    }
    answer = json.loads(product.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(review)))
    return bool(answer["status"]["allowed"])


def test_nobody_but_the_shared_gateway_is_answered(product: Access, shop: Shop) -> None:
    """The tenant's own agent, a neighbour's agent with the gateway's own token, and no token at all are refused."""
    [address, *_] = [pod["status"]["podIP"] for pod in own_pods(product)]
    gateway = token(product, "agentops-gateway", NAMESPACE, NAME, shop.gateway.pods()[0]["metadata"]["name"])
    product.kubectl("create", "serviceaccount", "stranger", "-n", NEIGHBOUR)
    stranger = token(product, "stranger", NEIGHBOUR, f"agentops/{NEIGHBOUR}/stranger")
    [agent] = pods(product, TENANT, "-l", f"app={AGENT}")
    own = token(product, "default", TENANT, f"agentops/{TENANT}/{AGENT}", agent["metadata"]["name"])
    assert ask(address, own, own) == 401
    assert ask(address, gateway, "") == 401
    assert ask(address, gateway, stranger) == 401  # bound to no pod
    assert ask(address, "", "") == 401
    assert ask(address, gateway, own) == 200
    assert "sk-of-the-tenant" not in fetch(f"http://{address}:4001/v1/state")


def token(product: Access, account: str, namespace: str, audience: str, pod: str = "") -> str:
    """A token for an audience, bound to a pod if one is named."""
    bound = ("--bound-object-kind=Pod", f"--bound-object-name={pod}") if pod else ()
    return product.kubectl("create", "token", account, "-n", namespace, f"--audience={audience}", *bound).strip()


def ask(address: str, gateway: str, agent: str) -> int:
    """Status of a call to the tenant's gateway itself."""
    body = {"model": "smart", "messages": [{"role": "user", "content": "hello"}]}
    headers = {"X-Agentops-Target": f"{TENANT}/own/a", "Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {gateway}"} if gateway else {}
    headers |= {"X-Agentops-Agent": f"Bearer {agent}"} if agent else {}
    request = urllib.request.Request(f"http://{address}:4000/v1/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_quota_that_keeps_the_gateway_out_is_told(product: Access, shop: Shop) -> None:
    """Its words stand in the policy's condition, and when there is room again, all is in force again."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    product.apply(quota, namespace=TENANT)
    try:
        for pod in own_pods(product):
            product.kubectl("delete", "pod", pod["metadata"]["name"], "-n", TENANT, "--grace-period=0", "--force")
        product.until_condition("providerfallbacks", "own", TENANT, Programmed="False/GatewayRefused")
        said = product.get("providerfallbacks.agentops.dev", "own", "-n", TENANT)["status"]["conditions"]
        assert "exceeded quota: none" in next(c["message"] for c in said if c["type"] == "Programmed")
        refused = shop.ask(f"quota-{uuid4()}")
        assert (refused["status"], refused["code"]) == (503, "provider_unavailable")
    finally:
        product.kubectl("delete", "resourcequota", "none", "-n", TENANT)
        # Its controller tries ever more rarely; a change makes it try at once.
        product.kubectl("annotate", "replicaset", "-n", TENANT, "-l", f"app.kubernetes.io/name={NAME}", "again=now")
    product.until_condition("providerfallbacks", "own", TENANT, Programmed="True", Enforced="True")


def test_policy_that_goes_takes_its_gateway_along(product: Access, shop: Shop) -> None:
    """All six objects, and the pods with the Secret; the Secret itself is the tenant's and stays."""
    product.kubectl("delete", "providerfallbacks.agentops.dev", "own", "-n", TENANT)
    product.until("no gateway of the tenant", lambda: children(product), lambda found: not found)
    product.until("no pod of it", lambda: own_pods(product), lambda found: not found)
    assert product.get("secret", OWN, "-n", TENANT)["metadata"]["name"] == OWN
