"""The label of an index by which the API server passes over a whole namespace when nothing there refuses a bypass."""

from tests.admission.apiserver import Api, Object
from tests.admission.golden import BYPASS

POD: Object = {
    "metadata": {"name": "p", "labels": {"app": "a"}},
    "spec": {"containers": [{"name": "agent", "image": "a", "env": BYPASS}]},
}
AGENTS: Object = {"app=a": [{"agent": "a", "rules": "r", "onBypass": "Deny"}]}
LABEL = "agentops.dev/on-bypass"


def test_index_that_says_deny_is_looked_into(api: Api) -> None:
    """The operator writes Deny as soon as one Agent of the namespace refuses bypasses."""
    api.index(api.namespace("adm-bypass-deny"), AGENTS, {LABEL: "Deny"})
    api.wait_until_refusing("adm-bypass-deny", POD)


def test_index_that_says_nothing_is_looked_into(api: Api) -> None:
    """An operator older than the label wrote it; what it denies stays denied during an upgrade."""
    api.index(api.namespace("adm-bypass-silent"), AGENTS)
    api.wait_until_refusing("adm-bypass-silent", POD)


def test_index_that_says_report_is_passed_over(api: Api) -> None:
    """No entry denies there, as far as the operator says; a Deny written here all the same shows that nobody looked."""
    namespace = api.namespace("adm-bypass-report")
    api.index(namespace, AGENTS, {LABEL: "Deny"})
    api.wait_until_refusing(namespace, POD)  # else an index that was not seen yet would pass for one that was passed over
    api.index(namespace, AGENTS, {LABEL: "Report"})
    api.wait_until(namespace, POD, 201, injected=True)
