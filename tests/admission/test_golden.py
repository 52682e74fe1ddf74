"""Each folder of `cases` is one sentence about injection, judged by the real API server."""

import pytest

from tests.admission.apiserver import Api
from tests.admission.golden import Case, assert_comes_out_as_wanted, assert_second_pass_changes_nothing, cases, write_all

CASES = cases()
PLAIN = "adm-plain"


@pytest.fixture(scope="module")
def ready(api: Api) -> Api:
    """All namespaces and indexes."""
    api.namespace(PLAIN, {"agentops.dev/injection": "Disabled"})
    write_all(api, CASES)
    return api


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pod_comes_out_as_wanted(ready: Api, case: Case) -> None:
    """The pod that the API server would store equals the wanted one, defaults included."""
    assert_comes_out_as_wanted(ready, case, PLAIN)


@pytest.mark.parametrize("case", [case for case in CASES if "refused" not in case.want], ids=lambda case: case.name)
def test_second_pass_changes_nothing(ready: Api, case: Case) -> None:
    """A pod made from the manifest of an injected one, or seen twice because of another webhook, comes out the same."""
    assert_second_pass_changes_nothing(ready, case)


def test_no_case_made_the_server_panic(ready: Api) -> None:
    """A panic fails the pod whatever the failure policy says."""
    assert ready.panics() == []
