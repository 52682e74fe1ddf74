"""Each folder of `cases` is one sentence about injection, judged by the real API server."""

import pytest

from tests.admission.apiserver import Api
from tests.admission.golden import Case, cases, comparable, expand

CASES = cases()
PLAIN = "adm-plain"


@pytest.fixture(scope="module")
def ready(api: Api) -> Api:
    """All namespaces and indexes, written at once, so that the server's watch is waited for only once."""
    api.namespace(PLAIN, {"agentops.dev/injection": "Disabled"})
    for case in CASES:
        api.namespace(case.namespace, case.labels)
        if case.agents is not None:
            api.index(case.namespace, case.agents)
    # Written last, so when this one is seen, so are the others.
    api.index(api.namespace("adm-probe"), {"app=probe": [{"agent": "probe", "rules": "probe"}]})
    probe = {"metadata": {"name": "probe", "labels": {"app": "probe"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    api.wait_until_injecting("adm-probe", probe)
    return api


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pod_comes_out_as_wanted(ready: Api, case: Case) -> None:
    """The pod that the API server would store equals the wanted one, defaults included."""
    status, got = ready.create_pod(case.namespace, case.pod)
    if "refused" in case.want:
        assert status in (403, 422), got
        assert case.want["refused"] in got["message"]
        return
    assert status == 201, got.get("message")
    want = case.pod if case.want.get("unchanged") else expand(case.want, case.namespace)
    # The wanted pod takes the way of a pod that no policy looks at, so that both carry the server's defaults.
    status, plain = ready.create_pod(PLAIN, want)
    assert status == 201, f"want.yaml is no valid pod: {plain.get('message')}"
    assert comparable(plain) == comparable(got)


@pytest.mark.parametrize("case", [case for case in CASES if "refused" not in case.want], ids=lambda case: case.name)
def test_second_pass_changes_nothing(ready: Api, case: Case) -> None:
    """A pod made from the manifest of an injected one, or seen twice because of another webhook, comes out the same."""
    _, first = ready.create_pod(case.namespace, case.pod)
    again = {
        **first,
        "metadata": {key: value for key, value in first["metadata"].items() if key not in ("uid", "creationTimestamp")},
    }
    status, second = ready.create_pod(case.namespace, again)
    assert status == 201, second.get("message")
    assert comparable(first) == comparable(second)


def test_no_case_made_the_server_panic(ready: Api) -> None:
    """A panic fails the pod whatever the failure policy says."""
    assert ready.panics() == []
