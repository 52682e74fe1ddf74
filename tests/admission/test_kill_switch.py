"""Turning it off, and what is left when the product is gone: pods start in every state."""

import time
from collections.abc import Iterator

import pytest

from tests.admission.apiserver import PATIENCE, Api, Object, install_policies, running

NAMESPACE = "adm-switch"
POD: Object = {"metadata": {"name": "p", "labels": {"app": "a"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
GROUP = "/apis/admissionregistration.k8s.io/v1"
BINDING = f"{GROUP}/mutatingadmissionpolicybindings/agentops-inject"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/injectionindexes.agentops.dev"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server for these tests alone: they take away what all others rely on."""
    with running(tmp_path_factory.mktemp("apiserver")) as found:
        install_policies(found)
        yield found


@pytest.fixture
def injecting(api: Api) -> Iterator[Api]:
    """A namespace that injects; everything is put back afterwards."""
    for namespace, labels in ((NAMESPACE, {}), (f"{NAMESPACE}-required", {"agentops.dev/injection": "Require"})):
        api.namespace(namespace, labels)
        api.index(namespace, {"app=a": [{"agent": "a", "rules": "r"}]})
    api.wait_until_injecting(NAMESPACE, POD)
    api.wait_until_injecting(f"{NAMESPACE}-required", POD)
    yield api
    install_policies(api)
    for namespace in (NAMESPACE, f"{NAMESPACE}-required"):
        api.index(namespace, {"app=a": [{"agent": "a", "rules": "r"}]})
        api.wait_until_injecting(namespace, POD)


def test_without_the_binding_pods_start_as_they_were_written(injecting: Api) -> None:
    """The kill switch; where the sidecar is required, pods are refused with the reason."""
    assert injecting.call("DELETE", BINDING)[0] == 200
    injecting.wait_until(NAMESPACE, POD, 201, injected=False)
    answer = injecting.wait_until_refusing(f"{NAMESPACE}-required", POD)
    assert "Check that the MutatingAdmissionPolicyBinding agentops-inject exists" in answer["message"]


def test_label_switches_one_namespace_off(injecting: Api) -> None:
    """Without touching the others."""
    assert (
        injecting.call(
            "PATCH", f"/api/v1/namespaces/{NAMESPACE}", {"metadata": {"labels": {"agentops.dev/injection": "Disabled"}}}
        )[0]
        == 200
    )
    injecting.wait_until(NAMESPACE, POD, 201, injected=False)
    assert (
        injecting.call("PATCH", f"/api/v1/namespaces/{NAMESPACE}", {"metadata": {"labels": {"agentops.dev/injection": None}}})[0]
        == 200
    )
    injecting.wait_until(NAMESPACE, POD, 201, injected=True)


def test_pods_start_when_the_kind_of_the_index_is_deleted_first(injecting: Api) -> None:
    """Helm deletes CRDs before policies: then the parameter's kind is unknown, and only required namespaces may notice."""
    assert injecting.call("DELETE", CRD)[0] == 200
    injecting.wait_until(NAMESPACE, POD, 201, injected=False)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        status, answer = injecting.create_pod(NAMESPACE, POD)
        assert status == 201, answer
        time.sleep(0.2)
    while injecting.call("GET", CRD)[0] != 404:  # until it is gone, applying it again would change what is about to go
        assert time.monotonic() < deadline + PATIENCE, "the kind is not gone"
        time.sleep(0.2)
