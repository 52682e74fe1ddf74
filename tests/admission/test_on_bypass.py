"""The label of an index by which the API server passes over a whole namespace when nothing there refuses a bypass."""

from tests.admission.apiserver import Api, Object

POD: Object = {
    "metadata": {"name": "p", "labels": {"app": "a"}},
    "spec": {
        "containers": [
            {"name": "agent", "image": "a", "env": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://elsewhere:4318"}]}
        ]
    },
}
AGENTS: Object = {"app=a": [{"agent": "a", "rules": "r", "onBypass": "Deny"}]}
LABEL = "agentops.dev/on-bypass"


def _refused(api: Api, name: str, labels: dict[str, str]) -> bool:
    namespace = api.namespace(name)
    api.index(namespace, AGENTS, labels)
    api.wait_until_injecting(namespace, {**POD, "spec": {"containers": [{"name": "agent", "image": "a"}]}})
    status, answer = api.create_pod(namespace, POD)
    assert status in (201, 403), answer
    return status == 403


def test_index_that_says_deny_is_looked_into(api: Api) -> None:
    """The operator writes Deny as soon as one Agent of the namespace refuses bypasses."""
    assert _refused(api, "adm-bypass-deny", {LABEL: "Deny"})


def test_index_that_says_nothing_is_looked_into(api: Api) -> None:
    """An operator older than the label wrote it; what it denies stays denied during an upgrade."""
    assert _refused(api, "adm-bypass-silent", {})


def test_index_that_says_report_is_passed_over(api: Api) -> None:
    """No entry denies there, as far as the operator says; a Deny written here all the same shows that nobody looked."""
    assert not _refused(api, "adm-bypass-report", {LABEL: "Report"})
