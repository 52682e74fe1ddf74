"""The gateway's number of replicas, when an autoscaler has it. The node measures no CPU for it: what is seen is who counts."""

from typing import Any

import pytest

from demo.install import NAMESPACE
from tests.cluster.access import Access
from tests.cluster.other_values.conftest import GATEWAYS, Release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
GATEWAY = ("deployment", "agentops-gateway", "-n", NAMESPACE)
DIGEST = "agentops.dev/digest"


def owners(deployment: dict[str, Any]) -> dict[str, str]:
    """Who wrote the number of replicas, and by which way."""
    entries = deployment["metadata"]["managedFields"]
    return {
        entry["manager"]: entry.get("subresource", "") for entry in entries if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }


def test_autoscaler_takes_over_and_the_operator_leaves_its_number_alone(product: Access, release: Release) -> None:
    """From the two that stood it goes to its least, and an apply of everything else in the Deployment changes that no more."""
    del release
    found = product.until(
        "as many gateways as the autoscaler asks for",
        lambda: product.get(*GATEWAY, "--show-managed-fields"),
        lambda one: one["status"].get("readyReplicas") == GATEWAYS,
    )
    assert found["spec"]["replicas"] == GATEWAYS
    wrote = owners(found)
    assert wrote["kube-controller-manager"] == "scale"
    assert "agentops-operator" not in wrote
    product.kubectl("annotate", *GATEWAY, f"{DIGEST}-")
    again = product.until(
        "the operator's next apply",
        lambda: product.get(*GATEWAY, "--show-managed-fields"),
        lambda one: DIGEST in one["metadata"]["annotations"],
    )
    assert again["spec"]["replicas"] == GATEWAYS
    assert "agentops-operator" not in owners(again)
    (scaler,) = product.get("hpa", "-n", NAMESPACE)["items"]
    assert scaler["status"]["desiredReplicas"] == GATEWAYS
