"""Who may decide on a held run, and in whose name, on a real API server."""

import time
from typing import Any

import pytest

from tests.admission.apiserver import OPERATOR, PATIENCE, Api, Object

NAMESPACE = "adm-holds"
PATH = f"/apis/agentops.dev/v1alpha1/namespaces/{NAMESPACE}/runholds"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
USERS = ("system:authenticated",)  # without system:masters, whose rights would include the verb
DECIDER, PATCHER = "eve@example.com", "mallory"
RESUME: Object = {"spec": {"decision": {"verb": "Resume", "more": {"steps": 5}, "note": "fine"}}}


def run_hold(name: str, **spec: Any) -> Object:
    """A RunHold as the operator makes it."""
    return {
        "apiVersion": "agentops.dev/v1alpha1",
        "kind": "RunHold",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"agent": "billing", "run": "order-1", "number": 1, **spec},
    }


def grant(api: Api, user: str, *verbs: str) -> None:
    """Rights of a user on runholds of the namespace."""
    name = f"holds-{user.partition('@')[0]}"
    rule = {"apiGroups": ["agentops.dev"], "resources": ["runholds", "runholds/status"], "verbs": list(verbs)}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}, "rules": [rule]}
    api.apply(f"{RBAC}/namespaces/{NAMESPACE}/roles", role)
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}],
    }
    api.apply(f"{RBAC}/namespaces/{NAMESPACE}/rolebindings", binding)
    api.wait_until_may(user, "patch", "agentops.dev", "runholds", NAMESPACE)


@pytest.fixture(scope="module")
def holds(api: Api) -> Api:
    """A namespace with a decider, and with somebody who may do everything else."""
    api.namespace(NAMESPACE)
    grant(api, DECIDER, "get", "list", "watch", "patch", "update", "decide")
    grant(api, PATCHER, "get", "list", "watch", "create", "patch", "update", "delete")
    path, deadline = made(api, "probe"), time.monotonic() + PATIENCE
    # What changes objects is in force apart from what refuses them, and needs their schema, which comes after the kind.
    while "by" not in (answer := decide(api, f"{path}?dryRun=All", RESUME)[1]).get("spec", {}).get("decision", {}):
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)
    return api


def made(api: Api, name: str) -> str:
    """A hold that waits, and its path."""
    status, answer = api.call("POST", PATH, run_hold(name), user=OPERATOR)
    assert status == 201, answer
    return f"{PATH}/{name}"


def decide(api: Api, path: str, change: Object, user: str = DECIDER) -> tuple[int, Object]:
    """A change in the name of a user."""
    return api.call("PATCH", path, change, user=user, groups=USERS)


def test_decider_decides_and_its_name_is_written(holds: Api) -> None:
    """A patch with the decision alone is enough."""
    status, answer = decide(holds, made(holds, "plain"), RESUME)
    assert status == 200, answer["message"]
    assert answer["spec"]["decision"] == {**RESUME["spec"]["decision"], "by": DECIDER}


def test_forged_name_is_overwritten(holds: Api) -> None:
    """Whatever a client writes there, at once or afterwards."""
    path = made(holds, "forged")
    status, answer = decide(holds, path, {"spec": {"decision": {"verb": "TakeOver", "by": "the-boss"}}})
    assert status == 200, answer["message"]
    assert answer["spec"]["decision"]["by"] == DECIDER
    status, answer = decide(holds, path, {"spec": {"decision": {"by": "the-boss"}}})
    assert status == 200, answer["message"]
    assert answer["spec"]["decision"]["by"] == DECIDER
    # An administrator has the verb, and forges nothing either.
    status, answer = holds.call("PATCH", path, {"spec": {"decision": {"by": "the-boss"}}})
    assert status == 200, answer["message"]
    assert answer["spec"]["decision"]["by"] == DECIDER


def test_without_the_verb_a_decision_is_refused_by_name(holds: Api) -> None:
    """The right to patch does not let anybody spend money; the message says what is missing."""
    status, answer = decide(holds, made(holds, "refused"), RESUME, user=PATCHER)
    assert status == 403, answer
    assert f'{PATCHER} may not decide on held runs in namespace {NAMESPACE}: it needs the verb "decide"' in answer["message"]
    assert "ClusterRole agentops-run-deciders" in answer["message"]


def test_decision_is_made_once(holds: Api) -> None:
    """A second one would rewrite what was done; only a run that was taken over can be given back."""
    path = made(holds, "twice")
    assert decide(holds, path, RESUME)[0] == 200
    for change in ({"verb": "Cancel", "more": None}, {"note": "other"}, {"more": {"steps": 9}}):
        status, answer = decide(holds, path, {"spec": {"decision": change}})
        assert status == 422, answer
        assert "a decision is made once" in answer["message"]
    assert decide(holds, path, {"spec": {"decision": None}})[0] == 422
    path = made(holds, "given-back")
    assert decide(holds, path, {"spec": {"decision": {"verb": "TakeOver"}}})[0] == 200
    assert decide(holds, path, {"spec": {"decision": {"verb": "Resume"}}})[0] == 200
    assert decide(holds, path, {"spec": {"decision": {"verb": "Cancel"}}})[0] == 422


@pytest.mark.parametrize("field", ["agent", "run", "number"])
def test_which_hold_it_is_never_changes(holds: Api, field: str) -> None:
    """Also not by the operator."""
    path = made(holds, f"same-{field}")
    value = 2 if field == "number" else "other"
    for user in (DECIDER, OPERATOR):
        status, answer = (
            decide(holds, path, {"spec": {field: value}}, user=user)
            if user == DECIDER
            else holds.call("PATCH", path, {"spec": {field: value}}, user=user)
        )
        assert status == 422, answer
        assert "never change" in answer["message"]


def test_nobody_but_the_operator_makes_records_or_writes_their_status(holds: Api) -> None:
    """A record that somebody made up, or a status that says Resumed, would be believed."""
    status, answer = holds.call("POST", f"{PATH}?dryRun=All", run_hold("mine"), user=PATCHER, groups=USERS)
    assert (status, "made by the AgentOps operator only" in answer["message"]) == (403, True)
    path = made(holds, "claims")
    status, answer = decide(holds, f"{path}/status", {"status": {"delivered": "Resume"}}, user=PATCHER)
    assert (status, "status of a RunHold is written by the AgentOps operator only" in answer["message"]) == (403, True)
    status, answer = holds.call("PATCH", f"{path}/status", {"status": {"state": "Held"}}, user=OPERATOR)
    assert (status, answer["status"]["state"]) == (200, "Held")


def test_record_is_not_deleted_by_those_it_tells_of(holds: Api) -> None:
    """The operator removes old ones, and an administrator may clean up."""
    path = made(holds, "audit")
    status, answer = holds.call("DELETE", path, user=PATCHER, groups=USERS)
    assert (status, "the record of who decided what" in answer["message"]) == (403, True)
    assert holds.call("DELETE", f"{path}?dryRun=All", user=OPERATOR)[0] == 200
    assert holds.call("DELETE", path)[0] == 200


def test_other_changes_need_no_verb(holds: Api) -> None:
    """A note in the metadata decides nothing."""
    path = made(holds, "noted")
    assert decide(holds, path, {"metadata": {"annotations": {"ticket": "7"}}}, user=PATCHER)[0] == 200
    assert decide(holds, path, RESUME)[0] == 200
    status, answer = decide(holds, path, {"metadata": {"annotations": {"ticket": "8"}}}, user=PATCHER)
    assert status == 200, answer["message"]
    assert answer["spec"]["decision"]["by"] == DECIDER
