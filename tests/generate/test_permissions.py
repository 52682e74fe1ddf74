"""The operator may do what its kinds need, and nothing that would let it do more."""

from typing import Any

import pytest

from agentops_operator.api.kind import GROUP
from agentops_operator.generate.kinds import ALL
from agentops_operator.generate.rbac import permissions

CLUSTER = permissions()["rules"]
EVERY = [*CLUSTER, *permissions()["namespaceRules"]]
FORBIDDEN_RESOURCES = {
    "secrets",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/ephemeralcontainers",
    "nodes",
    "nodes/proxy",
    "serviceaccounts/token",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "customresourcedefinitions",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "mutatingadmissionpolicies",
    "validatingadmissionpolicies",
}
FORBIDDEN_VERBS = {"escalate", "bind", "impersonate", "deletecollection", "approve", "sign"}


def _allowed(rules: list[dict[str, Any]], group: str, resource: str, name: str = "") -> set[str]:
    """Verbs on a resource, as far as they are for all objects or for the one that is named."""
    return {
        verb
        for rule in rules
        if group in rule["apiGroups"] and resource in rule["resources"] and rule.get("resourceNames", [name]) == [name]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("rule", EVERY, ids=str)
def test_nothing_dangerous_is_granted(rule: dict[str, Any]) -> None:
    """No Secret is read, no code is run in pods, no right is widened, nothing is granted by wildcard."""
    assert set() == FORBIDDEN_RESOURCES & set(rule["resources"])
    assert set() == FORBIDDEN_VERBS & set(rule["verbs"])
    assert not any("*" in value for values in rule.values() for value in values)


def test_workloads_of_users_are_never_written() -> None:
    """Pods are read; Deployments and their like are not even read outside the operator's namespace, but for one name of ours."""
    assert {"get", "list", "watch"} == _allowed(CLUSTER, "", "pods")
    apps = [(rule["resources"], rule["resourceNames"]) for rule in CLUSTER if "apps" in rule["apiGroups"]]
    assert apps == [(["deployments"], ["agentops-tenant-gateway"])]
    assert {"get", "list", "watch"} == _allowed(CLUSTER, "batch", "jobs")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_objects_of_users_are_read_and_only_their_status_is_written(kind: Any) -> None:
    """The operator writes specs of the records and the index, which are its own, and of nothing else."""
    verbs = _allowed(CLUSTER, GROUP, kind.plural)
    if kind.record:
        assert {"get", "list", "watch", "create", "delete"} == verbs
        assert {"patch"} == _allowed(CLUSTER, GROUP, f"{kind.plural}/status")
    elif kind.status:
        assert {"get", "list", "watch"} == verbs
        assert {"patch"} == _allowed(CLUSTER, GROUP, f"{kind.plural}/status")
    else:
        assert {"get", "list", "watch", "create", "patch", "delete"} == verbs


def test_every_permission_that_a_kind_asks_for_is_granted() -> None:
    """Joining rules loses none of them."""
    asked = [
        (rule, resource, name)
        for kind in ALL
        for rule in kind.rules
        for resource in rule.resources
        for name in rule.names or ("",)
    ]
    assert [one for one in asked if not set(one[0].verbs) <= _allowed(CLUSTER, one[0].group, one[1], one[2])] == []


@pytest.mark.parametrize("resource", ["services", "serviceaccounts", "poddisruptionbudgets", "deployments"])
def test_gateway_of_a_tenant_is_written_by_its_name_and_nothing_else_beside_it(resource: str) -> None:
    """The operator could not touch an account or a Service of a tenant."""
    groups = {"": ("services", "serviceaccounts"), "apps": ("deployments",), "policy": ("poddisruptionbudgets",)}
    group = next(name for name, known in groups.items() if resource in known)
    assert set() == _allowed(CLUSTER, group, resource)
    every = {"get", "list", "watch", "create", "patch", "delete"}
    assert every == _allowed(CLUSTER, group, resource, "agentops-tenant-gateway")


def test_election_and_shared_parts_stay_in_the_operators_namespace() -> None:
    """What all Agents share is written in one namespace only."""
    assert set() == _allowed(CLUSTER, "coordination.k8s.io", "leases")
    assert set() == _allowed(CLUSTER, "", "services")
    own = permissions()["namespaceRules"]
    assert {"get", "create", "update", "patch"} == _allowed(own, "coordination.k8s.io", "leases")
    assert "patch" in _allowed(own, "", "services")


def test_no_resource_stands_twice() -> None:
    """A reviewer finds all verbs of a resource in one place."""
    for rules in permissions().values():
        named = [(group, resource) for rule in rules for group in rule["apiGroups"] for resource in rule["resources"]]
        assert sorted(set(named)) == sorted(named)
