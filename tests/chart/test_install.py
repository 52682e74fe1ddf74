"""Every rendered object is one that a real API server accepts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.admission.apiserver import Api, install_policies, running
from tests.chart.conftest import Render, values_files

pytestmark = pytest.mark.cluster
PLURALS = {
    "NetworkPolicy": "networkpolicies",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
}
CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API server with the namespaces that the values name."""
    with running(tmp_path_factory.mktemp("apiserver")) as found:
        install_policies(found)
        for name in ("shop", "billing", "support"):
            found.namespace(name)
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        found.namespace("agentops-system", labels)
        yield found


def path_of(found: dict[str, Any]) -> str:
    """The collection of an object."""
    version, kind = found["apiVersion"], found["kind"]
    plural = PLURALS.get(kind, kind.lower() + "s")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/{plural}" if kind in CLUSTER_SCOPED else f"{root}/namespaces/{found['metadata']['namespace']}/{plural}"


@pytest.mark.parametrize("values", values_files(), ids=lambda path: path.stem)
def test_api_server_accepts_every_object(api: Api, render: Render, values: Path) -> None:
    """As a dry run, in a namespace of the Pod Security level `restricted`, with unknown fields refused."""
    for found in render("--values", values):
        path = path_of(found)
        url = f"{path}/{found['metadata']['name']}?fieldManager=chart&force=true&dryRun=All&fieldValidation=Strict"
        status, answer = api.call("APPLY", url, found)
        assert status in (200, 201), f"{found['kind']} {found['metadata']['name']}: {answer.get('message')}"


def test_policies_have_no_type_warnings(api: Api, render: Render) -> None:
    """The API server checks validating policies against the schemas of what they look at."""
    for found in render():
        if found["kind"] == "ValidatingAdmissionPolicy":
            _, stored = api.call("GET", f"{path_of(found)}/{found['metadata']['name']}")
            assert stored.get("status", {}).get("typeChecking", {}).get("expressionWarnings", []) == []
