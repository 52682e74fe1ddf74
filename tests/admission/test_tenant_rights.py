"""The operator's rights in namespaces of tenants, as the API server judges them: its own objects, by name."""

from typing import Any

import pytest

from agentops_operator.agent.facts import GatewaySettings, Settings
from agentops_operator.agent.gateway.tenant import compile_tenant
from agentops_operator.generate.rbac import permissions
from tests.admission.apiserver import HOME, OPERATOR, Api
from tests.admission.test_own_pods import PATHS, lending

NAMESPACE = "adm-tenant"
NAME = "agentops-tenant-gateway"
MANAGED = "fieldManager=agentops-operator&force=true"
SETTINGS = Settings(operator_namespace=HOME, gateway=GatewaySettings(enabled=True, image="agentops/evals:0.1.0"))
MADE = {obj["kind"]: obj for obj in compile_tenant(NAMESPACE, [lending("agentops-own")], SETTINGS)}
ROLES = "/apis/rbac.authorization.k8s.io/v1"
NAMED = {path: kind for path, kind in PATHS.items() if kind not in ("ConfigMap", "NetworkPolicy")}  # of others too


@pytest.fixture(scope="module")
def rights(api: Api) -> Api:
    """A namespace, and the operator's account with the generated role and no other right."""
    api.namespace(NAMESPACE)
    meta = {"name": "adm-tenant-rights"}
    shared = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": meta}
    role = {**shared, "kind": "ClusterRole", "rules": permissions()["rules"]}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": meta["name"]}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": OPERATOR}]
    binding = {**shared, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": subjects}
    api.apply(f"{ROLES}/clusterroles", role)
    api.apply(f"{ROLES}/clusterrolebindings", binding)
    api.wait_until_may(OPERATOR, "create", "agentops.dev", "injectionindexes", NAMESPACE)
    return api


def asked(api: Api, method: str, path: str, body: Any = None) -> int:
    """Status of a request of the operator's account, which is no administrator here."""
    return api.call(method, path, body, user=OPERATOR, groups=("system:authenticated",))[0]


@pytest.mark.parametrize("path", PATHS, ids=PATHS.values())
def test_object_is_applied_read_and_deleted_by_its_name(rights: Api, path: str) -> None:
    """Server-side apply makes it where it is not there; that needs the right to create, for this name."""
    own = f"{path.format(NAMESPACE)}/{NAME}"
    assert asked(rights, "APPLY", f"{own}?{MANAGED}", MADE[PATHS[path]]) == 201
    assert asked(rights, "APPLY", f"{own}?{MANAGED}", MADE[PATHS[path]]) == 200
    assert asked(rights, "GET", f"{path.format(NAMESPACE)}?fieldSelector=metadata.name={NAME}") == 200
    every = path.replace("/namespaces/{}", "")
    assert asked(rights, "GET", f"{every}?fieldSelector=metadata.name={NAME}") == 200
    assert asked(rights, "DELETE", own) == 200


@pytest.mark.parametrize("path", NAMED, ids=NAMED.values())
def test_object_of_another_name_is_out_of_reach(rights: Api, path: str) -> None:
    """Nothing of a tenant is read, listed, made or changed."""
    here, made = path.format(NAMESPACE), MADE[NAMED[path]]
    other = {**made, "metadata": {**made["metadata"], "name": "other"}}
    assert asked(rights, "APPLY", f"{here}/other?{MANAGED}", other) == 403
    assert asked(rights, "POST", here, other) == 403
    assert asked(rights, "GET", f"{here}/other") == 403
    assert asked(rights, "GET", here) == 403
    assert asked(rights, "DELETE", f"{here}/other") == 403


def test_secret_is_read_by_nobody(rights: Api) -> None:
    """Not one that a policy names either."""
    assert asked(rights, "GET", f"/api/v1/namespaces/{NAMESPACE}/secrets/agentops-own") == 403
    assert asked(rights, "GET", f"/api/v1/namespaces/{NAMESPACE}/secrets") == 403
