"""A backend of the platform: with its credential, without it, and while it is down."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.install import NAMESPACE as HOME
from tests.cluster.access import Access
from tests.cluster.evidence import numbers, observations
from tests.cluster.platform import platform_policy
from tests.cluster.shapes import container, custom, workload

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
SECRET = "agentops-e2e-sink"
POLICY = "e2e-sink"
PROGRAM = Path(__file__).with_name("sink.py")
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "sink"},
    "spec": {"selector": {"app": "sink"}, "ports": [{"port": 4318}]},
}


@pytest.fixture
def policy(product: Access, namespace: str) -> Iterator[str]:
    """A platform policy that sends the namespace's traces to the sink, with a credential that does not exist yet."""
    credentials = {"secretName": SECRET, "key": "token"}
    backend = {"name": "sink", "endpoint": f"http://sink.{namespace}.svc:4318", "credentials": credentials}
    product.kubectl("delete", "secret", SECRET, "-n", HOME, "--ignore-not-found")
    with platform_policy(product, custom("TracePolicy", POLICY, capture="Masked", backends=[backend]), namespace):
        yield POLICY
    product.kubectl("delete", "secret", SECRET, "-n", HOME, "--ignore-not-found")


def test_backend_gets_masked_spans_and_none_is_lost_while_it_is_down(product: Access, namespace: str, policy: str) -> None:
    """Missing credential and failing backend are named; spans wait meanwhile and arrive masked, with the credential."""
    product.first_agent(namespace)
    sink = container(command=("python3", "-u", "/app/sink.py"))
    product.config_map_from("sink", PROGRAM, namespace)
    app = [{"name": "app", "configMap": {"name": "sink"}}]
    product.apply(workload("Deployment", "sink", sink, volumes=app), SERVICE, namespace=namespace)
    seen = product.until_condition("tracepolicies", policy, HOME, Enforced="False/CredentialMissing")
    assert f"{HOME}/{SECRET}" in seen["Enforced"]["message"]

    product.kubectl("create", "secret", "generic", SECRET, "-n", HOME, "--from-literal=token=made-up")
    product.until_condition("tracepolicies", policy, HOME, Enforced="True")
    got = product.until("spans at the backend", lambda: told(product, namespace), lambda seen: len(seen["numbers"]) > 2)
    assert got["leaked"] == []
    assert got["authorization"] == ["Bearer made-up"]

    product.kubectl("scale", "deployment/sink", "-n", namespace, "--replicas=0")
    product.until_condition("tracepolicies", policy, HOME, Enforced="False/BackendFailing")
    missed = numbers(product, namespace)[-1]
    product.until("a queue", lambda: queued(product), lambda count: count > 0)
    product.until("more spans", lambda: numbers(product, namespace), lambda found: found[-1] > missed + 3)

    product.kubectl("scale", "deployment/sink", "-n", namespace, "--replicas=1")
    wanted = set(range(missed, missed + 4))
    got = product.until("the spans that waited", lambda: told(product, namespace), lambda seen: wanted <= set(seen["numbers"]))
    assert got["leaked"] == []
    product.until_condition("tracepolicies", policy, HOME, Enforced="True")


def told(product: Access, namespace: str) -> dict[str, Any]:
    """What the sink says came in; nothing while it is down."""
    address = product.get("service", "sink", "-n", namespace)["spec"]["clusterIP"]
    try:
        with urllib.request.urlopen(f"http://{address}:4318/", timeout=5) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except OSError:
        return {"numbers": [], "leaked": [], "authorization": []}


def queued(product: Access) -> int:
    """What waits on the relay's disk for the sink."""
    backends = observations(product)["relay"]["backends"]
    return sum(int(backend["queued"]) for backend in backends if backend["name"] == f"{HOME}/{POLICY}/sink")
