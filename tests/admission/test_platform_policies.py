"""Deleting a platform policy that binds agents takes a second, deliberate step."""

from typing import Any

import pytest

from tests.admission.apiserver import HOME, Api

PATH = "/apis/agentops.dev/v1alpha1/namespaces/{}/{}"
SPECS: dict[str, dict[str, Any]] = {
    "Budget": {"limit": "1"},
    "ProviderFallback": {
        "targets": [{"name": "a", "provider": "openai-compatible", "endpoint": "http://a.llm.svc", "model": "m"}],
        "aliases": [{"name": "chat", "targets": [{"name": "a"}]}],
    },
}
KINDS = [
    ("tracepolicies", "TracePolicy"),
    ("maskingpolicies", "MaskingPolicy"),
    ("providerfallbacks", "ProviderFallback"),
    ("budgets", "Budget"),
]
CONTROLLER = "system:serviceaccount:kube-system:namespace-controller"


def make(
    api: Api, plural: str, kind: str, name: str, *, matched: int, namespace: str = HOME, annotations: dict[str, str] | None = None
) -> str:
    """A policy with a status, and its path."""
    body: dict[str, Any] = {
        "apiVersion": "agentops.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations or {}},
        "spec": SPECS.get(kind, {}),
    }
    root = PATH.format(namespace, plural)
    api.apply(root, body)
    status, answer = api.call("PATCH", f"{root}/{name}/status", {"status": {"agents": {"matched": matched}}})
    assert status == 200, answer
    return f"{root}/{name}"


@pytest.mark.parametrize(("plural", "kind"), KINDS)
def test_policy_that_binds_agents_is_not_deleted_by_a_slip(api: Api, plural: str, kind: str) -> None:
    """The message counts the agents and gives the command that allows it."""
    path = make(api, plural, kind, "binding", matched=3)
    status, answer = api.call("DELETE", f"{path}?dryRun=All")
    assert status == 403, answer
    assert f"{kind} binding binds 3 agent(s)" in answer["message"]
    assert f"kubectl annotate -n {HOME} {plural} binding agentops.dev/allow-delete=true" in answer["message"]


def test_deleting_all_is_a_deletion_of_each(api: Api) -> None:
    """`kubectl delete --all` must be no way around."""
    make(api, "maskingpolicies", "MaskingPolicy", "all", matched=1)
    status, answer = api.call("DELETE", f"{PATH.format(HOME, 'maskingpolicies')}?dryRun=All")
    assert status == 403, answer


@pytest.mark.parametrize(
    ("name", "matched", "annotations", "namespace"),
    [
        ("allowed", 3, {"agentops.dev/allow-delete": "true"}, HOME),
        ("idle", 0, {}, HOME),
        ("tenant", 3, {}, "adm-tenant"),
    ],
    ids=["with the annotation", "that binds nothing", "of a tenant"],
)
def test_policy_may_be_deleted(api: Api, name: str, matched: int, annotations: dict[str, str], namespace: str) -> None:
    """Where it is meant, or where it takes protection from nobody else."""
    if namespace != HOME:
        api.namespace(namespace)
    path = make(api, "maskingpolicies", "MaskingPolicy", name, matched=matched, annotations=annotations, namespace=namespace)
    assert api.call("DELETE", path)[0] == 200


def test_namespace_that_goes_away_takes_its_policies_along(api: Api) -> None:
    """A refusal would leave the operator's namespace terminating for ever."""
    path = make(api, "tracepolicies", "TracePolicy", "leaving", matched=3)
    assert api.call("DELETE", f"{path}?dryRun=All", user=CONTROLLER)[0] == 200
