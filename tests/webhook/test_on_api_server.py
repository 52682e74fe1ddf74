"""The golden cases once more: through an API server of 1.33, which knows no MutatingAdmissionPolicy, and the webhook."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admission.apiserver import OPERATOR, PATIENCE, Api, Object, install_policies, render, running
from tests.admission.golden import (
    PROBE,
    PROBES,
    Case,
    assert_comes_out_as_wanted,
    assert_second_pass_changes_nothing,
    cases,
    write_all,
)
from tests.webhook.certificates import make
from tests.webhook.process import CONFIGURATION, WebhookProcess

pytestmark = pytest.mark.cluster
CASES = cases()
OLDER = "--emulated-version=1.33"
VALUES = Path(__file__).parents[2] / "charts" / "agentops-operator" / "ci" / "webhook-values.yaml"
CHART = ("--kube-version", "1.33.0", "--values", str(VALUES))
PLAIN = "adm-plain"
SLACK = 5.0  # seconds that a busy machine takes beside


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An older API server with the chart's validating policies."""
    with running(tmp_path_factory.mktemp("apiserver"), OLDER) as found:
        install_policies(found, *CHART)
        yield found


@pytest.fixture(scope="module")
def webhook(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebhookProcess]:
    """The webhook, with all namespaces and indexes of the cases."""
    home = tmp_path_factory.mktemp("webhook")
    make(home / "tls", "IP:127.0.0.1")
    process = WebhookProcess(render(*CHART), api.kubeconfig(home / "kubeconfig"), home / "tls", home / "log")
    try:
        process.start()
        process.announce(api)
        api.namespace(PLAIN, {"agentops.dev/injection": "Disabled"})
        write_all(api, CASES)
        yield process
    finally:
        process.stop()


def test_api_server_is_an_older_one(api: Api) -> None:
    """Or these tests would say nothing about older clusters."""
    assert api.call("GET", "/version")[1]["emulationMinor"] == "33"
    assert api.call("GET", "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies")[0] == 404


def test_older_server_refuses_newer_functions(api: Api) -> None:
    """So that the chart's validating policies, which it took, use none."""
    body: Object = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "newer"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
            },
            "validations": [{"expression": "size([[1]].flatten()) == 1"}],
        },
    }
    status, answer = api.call("POST", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", body)
    assert status == 422
    assert "flatten" in answer["message"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pod_comes_out_as_wanted(webhook: WebhookProcess, api: Api, case: Case) -> None:
    """The pod that the API server would store equals the one that the policy makes in newer clusters."""
    assert_comes_out_as_wanted(api, case, PLAIN)


@pytest.mark.parametrize("case", [case for case in CASES if "refused" not in case.want], ids=lambda case: case.name)
def test_second_pass_changes_nothing(webhook: WebhookProcess, api: Api, case: Case) -> None:
    """A pod made from the manifest of an injected one comes out the same."""
    assert_second_pass_changes_nothing(api, case)


def test_no_pod_was_answered_with_an_error(webhook: WebhookProcess) -> None:
    """Ignored errors would look like pods that are no agent's."""
    page = webhook.page("/metrics")
    assert 'agentops_webhook_answers_total{outcome="Injected"}' in page
    assert 'outcome="Error"' not in page
    assert 'code="200"' in page


def injected(api: Api, namespace: str = PROBES) -> tuple[int, bool, str]:
    """Status of a probe, whether it has the sidecar, and the message."""
    status, answer = api.create_pod(namespace, PROBE)
    return status, "agentops.dev/agent" in answer.get("metadata", {}).get("annotations", {}), answer.get("message", "")


def test_renewed_certificate_needs_no_restart(webhook: WebhookProcess, api: Api) -> None:
    """Both are trusted while they change places, as docs/injection.md says, and no pod misses its sidecar."""
    certificate, key = webhook.certificates / "tls.crt", webhook.certificates / "tls.key"
    new = make(webhook.certificates.parent / "new", "IP:127.0.0.1")
    webhook.announce(api, certificate, new)
    assert injected(api)[:2] == (201, True)
    certificate.write_bytes(new.read_bytes())
    key.write_bytes(new.with_name("tls.key").read_bytes())
    deadline = time.monotonic() + PATIENCE
    while "certwatcher_read_certificate_total 2.0" not in webhook.page("/metrics"):
        assert injected(api)[:2] == (201, True)
        assert time.monotonic() < deadline, webhook.log.read_text()
        time.sleep(0.5)
    webhook.announce(api, new)
    for _ in range(20):
        assert injected(api)[:2] == (201, True)
        time.sleep(0.1)


def test_silent_webhook_holds_a_pod_up_for_three_seconds_at_most(webhook: WebhookProcess, api: Api) -> None:
    """A process that hangs is worse than none, so the time that a pod waits for it is short."""
    assert webhook.process is not None
    webhook.process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert injected(api) == (201, False, "")
        assert time.monotonic() - begun < 3 + SLACK
    finally:
        webhook.process.send_signal(signal.SIGCONT)


def test_pods_start_while_nobody_answers(webhook: WebhookProcess, api: Api) -> None:
    """Without the sidecar; where it is required, the refusal names what to look at. It works again after a restart."""
    api.index(
        api.namespace("adm-required", {"agentops.dev/injection": "Require"}),
        {"app=probe": [{"agent": "probe", "rules": "probe"}]},
    )
    api.wait_until_injecting("adm-required", PROBE)
    webhook.stop(signal.SIGKILL)
    assert injected(api) == (201, False, "")
    message = api.wait_until_refusing("adm-required", PROBE)["message"]
    assert "MutatingWebhookConfiguration agentops-inject exists and that the Deployment agentops-webhook" in message
    webhook.start()
    api.wait_until_injecting(PROBES, PROBE)
    # A process that is told to end ends in order.
    assert webhook.stop() == 0
    webhook.start()


def test_kill_switch_is_to_delete_the_configuration(webhook: WebhookProcess, api: Api) -> None:
    """Pods start as they were written, and injection comes back with the object."""
    assert api.call("DELETE", f"{CONFIGURATION}/agentops-inject")[0] == 200
    api.wait_until(PROBES, PROBE, 201, injected=False)
    webhook.announce(api)
    api.wait_until_injecting(PROBES, PROBE)


def test_who_decides_writes_its_own_name_and_no_other_is_taken(api: Api) -> None:
    """Nothing can stamp it here, so the validating policy compares it with who asks, and says what to write."""
    path = f"/apis/agentops.dev/v1alpha1/namespaces/{api.namespace('adm-holds-older')}/runholds"
    spec = {"agent": "billing", "run": "order-1", "number": 1}
    record = {"apiVersion": "agentops.dev/v1alpha1", "kind": "RunHold", "metadata": {"name": "one"}, "spec": spec}
    assert api.call("POST", path, record, user=OPERATOR)[0] == 201
    for by in ({}, {"by": "the-boss"}):
        status, answer = api.call("PATCH", f"{path}/one", {"spec": {"decision": {"verb": "Cancel", **by}}})
        assert (status, 'write "admin"' in answer["message"]) == (422, True), answer
    assert api.call("PATCH", f"{path}/one", {"spec": {"decision": {"verb": "Cancel", "by": "admin"}}})[0] == 200
