"""Namespaces that limit what runs in them: quotas, ranges, host network, and the demand for a sidecar."""

import pytest

from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import annotation, has_sidecar, pods
from tests.cluster.shapes import Object, agent, pod, workload

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "all"},
    "spec": {"hard": {"requests.cpu": "1", "requests.memory": "1Gi", "limits.cpu": "2", "limits.memory": "1Gi", "pods": "4"}},
}
RANGE = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "all"},
    "spec": {
        "limits": [
            {
                "type": "Container",
                "default": {"cpu": "1", "memory": "128Mi"},
                "defaultRequest": {"cpu": "10m", "memory": "32Mi"},
                "min": {"cpu": "5m", "memory": "16Mi"},
                "max": {"cpu": "1", "memory": "256Mi"},
            }
        ]
    },
}


@pytest.mark.parametrize("limit", [QUOTA, RANGE], ids=["quota", "range"])
def test_sidecar_fits_into_what_a_namespace_allows(product: Access, limit: Object) -> None:
    """A sidecar states requests and limits of its own, so that a namespace which asks for them lets the pod start."""
    name = f"e2e-limits-{limit['kind'].lower()}"
    with fresh_namespaces(product, name):
        product.apply(limit, agent("modest", "Deployment"), namespace=name)
        product.wait_for_entry(name, "Deployment/modest")
        product.apply(workload("Deployment", "modest"), namespace=name)
        product.until_condition("agents", "modest", name, Ready="True", Covered="True/AllPodsInjected")


def test_pod_in_the_network_of_its_node_is_left_alone_and_said(product: Access) -> None:
    """A sidecar there would listen on the node's own address, so the pod is skipped, annotated, and counted as not covered."""
    name = "e2e-limits-host"
    with fresh_namespaces(product, name, level="privileged"):
        product.apply(agent("host"), namespace=name)
        product.wait_for_entry(name, "Pod/host")
        product.apply(pod("host", hostNetwork=True), namespace=name)
        [made] = pods(product, name)
        assert not has_sidecar(made)
        assert annotation(made, "skipped") == "HostNetwork"
        seen = product.until_condition("agents", "host", name, Covered="False/PodSkipped", Enforced="False/NotCovered")
        assert "HostNetwork" in seen["Covered"]["message"]


def test_namespace_that_requires_the_sidecar_refuses_an_agent_without(product: Access) -> None:
    """An agent's pod that cannot have the sidecar does not start and its owner is told why; mended, it starts with one."""
    name = "e2e-limits-require"
    with fresh_namespaces(product, name, level="privileged", **{"agentops.dev/injection": "Require"}):
        product.apply(agent("strict", "Deployment"), namespace=name)
        product.wait_for_entry(name, "Deployment/strict")
        product.apply(workload("Deployment", "strict", hostNetwork=True), workload("Deployment", "no-agent"), namespace=name)
        product.until("the refusal", lambda: refusal(product, name), lambda text: "Remove hostNetwork" in text)
        [other] = product.until("the pod that is no agent", lambda: pods(product, name), bool)
        assert other["metadata"]["labels"]["app"] == "no-agent"
        product.apply(workload("Deployment", "strict"), namespace=name)
        product.until_condition("agents", "strict", name, Ready="True", Covered="True/AllPodsInjected")


def refusal(product: Access, namespace: str) -> str:
    """What the Deployment says of pods that could not be made."""
    status = product.get("deployment", "strict", "-n", namespace).get("status", {})
    return " ".join(entry.get("message", "") for entry in status.get("conditions", []))
