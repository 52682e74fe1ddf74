"""A cluster that was upgraded to 1.36 changes from the webhook to the policy, and for a while has both."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.admission.apiserver import PATIENCE, Api, Object, install_policies, render, running
from tests.admission.golden import PROBE, comparable
from tests.webhook.certificates import make
from tests.webhook.process import CONFIGURATION, WebhookProcess
from tests.webhook.test_on_api_server import VALUES

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
            # The first to be asked about: it has no sidecar yet.
            both_until('outcome="Skipped"', process, lambda: outcomes(api) == with_policy)
            binding = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/agentops-inject"
            assert api.call("DELETE", binding)[0] == 200
            both_until('outcome="Injected"', process, lambda: outcomes(api) == with_policy)
        finally:
            process.stop()


def both_until(counted: str, process: WebhookProcess, same: Callable[[], bool]) -> None:
    """Pods are the same at every moment until the webhook counts such an answer, and after it."""
    deadline = time.monotonic() + PATIENCE
    while counted not in process.page("/metrics"):
        assert same()
        assert time.monotonic() < deadline, process.log.read_text()
    assert same()


def outcomes(api: Api) -> list[Object]:
    """A pod that is injected, and one that is left alone."""
    answers = [api.create_pod("adm-both", pod) for pod in (PROBE, CONFLICT)]
    assert [status for status, _ in answers] == [201, 201]
    return [comparable(answer) for _, answer in answers]
