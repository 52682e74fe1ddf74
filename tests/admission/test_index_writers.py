"""Who may write the index: the operator alone, whatever rights others have."""

import pytest

from tests.admission.apiserver import INDEXES, OPERATOR, Api

NAMESPACE = "adm-writers"
BODY = {
    "apiVersion": "agentops.dev/v1alpha1",
    "kind": "InjectionIndex",
    "metadata": {"name": "injection", "namespace": NAMESPACE},
    "agents": {},
}
NAMESPACE_CONTROLLER = "system:serviceaccount:kube-system:namespace-controller"
TENANT = "system:serviceaccount:adm-writers:default"
# Without system:masters the API server would answer by RBAC before any policy is asked.
MASTERS = ("system:masters",)


@pytest.fixture(scope="module")
def path(api: Api) -> str:
    """The index of a namespace."""
    api.namespace(NAMESPACE)
    api.index(NAMESPACE, {})
    for subject in ("tenant", "namespace-controller"):
        name = TENANT if subject == "tenant" else NAMESPACE_CONTROLLER
        body = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"adm-{subject}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}],
        }
        api.apply("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", body)
        api.wait_until_may(name, "patch", "agentops.dev", "injectionindexes", NAMESPACE)
    return INDEXES.format(NAMESPACE)


@pytest.mark.parametrize("user", ["", TENANT, "somebody"], ids=["administrator", "tenant", "masters"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_nobody_else_creates_or_changes(api: Api, path: str, user: str, method: str) -> None:
    """Not even a cluster administrator: the mend is to change the Agent, or to remove the binding of this policy."""
    target = f"{path}?dryRun=All" if method == "POST" else f"{path}/injection?dryRun=All"
    body = (
        {**BODY, "metadata": {**BODY["metadata"], "name": "other"}}
        if method == "POST"
        else {"agents": {"a=b": [{"agent": "x", "rules": "y"}]}}
    )
    status, answer = api.call(method, target, body, user=user)
    assert status == 403, answer
    assert "written by the AgentOps operator only" in answer["message"]


def test_operator_writes(api: Api, path: str) -> None:
    """The operator's account creates, changes and deletes."""
    other = {**BODY, "metadata": {**BODY["metadata"], "name": "other"}}
    assert api.call("POST", f"{path}?dryRun=All", other, user=OPERATOR)[0] == 201
    assert api.call("PATCH", f"{path}/injection?dryRun=All", {"agents": {}}, user=OPERATOR)[0] == 200
    assert api.call("DELETE", f"{path}/injection?dryRun=All", user=OPERATOR)[0] == 200


@pytest.mark.parametrize(
    ("user", "groups", "allowed"),
    [
        (NAMESPACE_CONTROLLER, ("system:authenticated",), True),
        ("", (), True),
        (TENANT, ("system:authenticated",), False),
    ],
    ids=["namespace controller", "administrator", "tenant"],
)
@pytest.mark.parametrize("target", ["", "/injection"], ids=["all", "one"])
def test_deleting(api: Api, path: str, user: str, groups: tuple[str, ...], allowed: bool, target: str) -> None:
    """A namespace can go away and an administrator can clean up; a tenant cannot take the sidecar away."""
    status, answer = api.call("DELETE", f"{path}{target}?dryRun=All", user=user, groups=groups)
    assert status == (200 if allowed else 403), answer
