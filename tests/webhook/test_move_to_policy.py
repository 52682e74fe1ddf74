"""A cluster that was upgraded to 1.36 changes from the webhook to the policy, and for a while has both."""

from pathlib import Path

import pytest

from tests.admission.apiserver import Api, Object, install_policies, render, running
from tests.admission.golden import comparable
from tests.webhook.certificates import make
from tests.webhook.process import CONFIGURATION, WebhookProcess
from tests.webhook.test_on_api_server import PROBE, VALUES

pytestmark = pytest.mark.cluster
CONFLICT: Object = {**PROBE, "spec": {**PROBE["spec"], "volumes": [{"name": "agentops", "emptyDir": {}}]}}


def test_pod_that_both_see_gets_one_sidecar(tmp_path: Path) -> None:
    """With both it comes out as with either alone, also when it is left alone on purpose."""
    make(tmp_path / "tls", "IP:127.0.0.1")
    with running(tmp_path) as api:
        install_policies(api)
        api.index(api.namespace("adm-both"), {"app=probe": [{"agent": "probe", "rules": "probe"}]})
        api.wait_until_injecting("adm-both", PROBE)
        with_policy = outcomes(api)
        process = WebhookProcess(
            render("--values", str(VALUES)), api.kubeconfig(tmp_path / "kubeconfig"), tmp_path / "tls", tmp_path / "log"
        )
        process.start()
        try:
            process.announce(api)
            assert api.call("GET", f"{CONFIGURATION}/agentops-inject")[0] == 200
            while 'outcome="Skipped"' not in process.page("/metrics"):  # the first to be asked about: it has no sidecar yet
                assert outcomes(api) == with_policy
            assert outcomes(api) == with_policy
            binding = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/agentops-inject"
            assert api.call("DELETE", binding)[0] == 200
            while 'outcome="Injected"' not in process.page("/metrics"):
                assert outcomes(api) == with_policy
            assert outcomes(api) == with_policy
        finally:
            process.stop()


def outcomes(api: Api) -> list[Object]:
    """A pod that is injected, and one that is left alone."""
    answers = [api.create_pod("adm-both", pod) for pod in (PROBE, CONFLICT)]
    assert [status for status, _ in answers] == [201, 201]
    return [comparable(answer) for _, answer in answers]
