"""The number of gateways on a real API server, which knows whose field it is: from a fixed one to an autoscaler and back."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.operator_process.control_plane import ControlPlane
from tests.operator_process.process import HOME, OperatorProcess
from tests.operator_process.test_gateway import GROUP
from tests.operator_process.test_process import agent, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
DEPLOYMENT = f"/apis/apps/v1/namespaces/{HOME}/deployments/agentops-gateway"
DIGEST = "agentops.dev/digest"
MERGE = "application/merge-patch+json"


def deployment(plane: ControlPlane) -> dict[str, Any]:
    """The gateway's Deployment, once it is there."""
    until("the Deployment", lambda: plane.get(DEPLOYMENT) is not None)
    found = plane.get(DEPLOYMENT)
    assert found is not None
    return found


def owners(plane: ControlPlane) -> set[str]:
    """Managers of the number of replicas."""
    entries = deployment(plane)["metadata"]["managedFields"]
    return {entry["manager"] for entry in entries if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


def test_autoscaler_takes_over_from_the_number_that_stands(
    control_plane: ControlPlane, start: Callable[..., OperatorProcess]
) -> None:
    """Let go without a hand-over it would become one; what the autoscaler sets stays through the operator's applies."""
    control_plane.apply(f"{GROUP}/rt-a/agents/billing", agent("billing"))
    settings = {"AGENTOPS_GATEWAY_ENABLED": "true", "AGENTOPS_GATEWAY_STORE_URL": "redis://127.0.0.1:1"}
    first = start("fixed", AGENTOPS_GATEWAY_REPLICAS="4", **settings)
    fixed = deployment(control_plane)
    assert (fixed["spec"]["replicas"], owners(control_plane)) == (4, {"agentops-operator"})
    first.stop()
    second = start("scaled", AGENTOPS_GATEWAY_REPLICAS="0", **settings)
    until("the number is let go", lambda: "agentops-operator" not in owners(control_plane))
    assert deployment(control_plane)["spec"] == fixed["spec"]  # nobody here would put back what was one for a moment
    control_plane.request("PATCH", f"{DEPLOYMENT}/scale?fieldManager=kube-controller-manager", {"spec": {"replicas": 6}}, MERGE)
    control_plane.request("PATCH", DEPLOYMENT, {"metadata": {"annotations": {DIGEST: None}}}, MERGE)
    until("the operator's next apply", lambda: DIGEST in deployment(control_plane)["metadata"]["annotations"])
    assert deployment(control_plane)["spec"]["replicas"] == 6
    second.stop()
    start("fixed-again", AGENTOPS_GATEWAY_REPLICAS="2", **settings)
    until("the fixed number", lambda: deployment(control_plane)["spec"]["replicas"] == 2)
