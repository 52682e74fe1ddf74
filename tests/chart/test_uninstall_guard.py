"""The guard of an uninstall, run as the Job runs it, against what an operator says."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from agentops_operator.agent.facts import Pod, Settings
from agentops_operator.runtime.gateway_pods import GatewayPods
from agentops_operator.runtime.store import Store
from tests.chart.conftest import Render

ON = ("--set", "gateway.enabled=true")


def metrics(*pods: Pod, known: bool = True) -> bytes:
    """The page of an operator that leads."""
    registry, store = CollectorRegistry(), Store(Settings())
    for pod in pods:
        store.pods.put(pod)
    GatewayPods(registry, store, lambda: known)
    return generate_latest(registry)


def pod(name: str, **fields: Any) -> Pod:
    """A pod of Agent shop/billing."""
    return Pod(namespace="shop", name=name, uid=name, labels={}, owners=(), agent="billing", sidecar="0.1.0", **fields)


@contextmanager
def operator(*pages: bytes) -> Iterator[str]:
    """Address of operators that answer in turn, as a Service leads to one after the other."""
    asked = iter(range(1000))

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(pages[next(asked) % len(pages)])

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()


@pytest.fixture(scope="module")
def script(render: Render) -> str:
    """The program of the Job, as helm renders it."""
    [job] = [found for found in render(*ON) if found["kind"] == "Job"]
    command: list[str] = job["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[:2] == ["python3", "-c"]
    assert command[3:] == ["http://agentops-operator.agentops-system.svc:8080/metrics", "60"]
    return command[2]


def guard(script: str, url: str, tries: int = 2) -> tuple[int, str]:
    """Exit code and log of the Job."""
    done = subprocess.run([sys.executable, "-c", script, url, str(tries)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_release_stays_while_pods_use_the_gateway(script: str) -> None:
    """The log names the Agents, the mend, and how to force."""
    page = metrics(pod("a", gateway="Refuse"), pod("b", gateway="Direct"), pod("c"))
    with operator(page) as url:
        code, log = guard(script, url)
    assert code == 1
    assert "shop/billing (2)" in log
    assert "--no-hooks" in log


def test_release_goes_when_no_pod_uses_the_gateway(script: str) -> None:
    """Pods without a gateway, and those that are ending, hold nothing up."""
    with operator(metrics(pod("a"), pod("b", gateway="Refuse", terminating=True))) as url:
        assert guard(script, url) == (0, "No pod sends its model calls through the gateway.\n")


def test_only_the_operator_that_leads_is_believed(script: str) -> None:
    """One that stands by knows of no pod, and one that just began does not know them all yet."""
    with operator(b"", metrics(known=False), metrics(pod("a", gateway="Refuse"))) as url:
        assert guard(script, url, tries=3)[0] == 1


def test_operator_that_does_not_answer_keeps_the_release(script: str) -> None:
    """Nobody knows then who would be cut off."""
    code, log = guard(script, "http://127.0.0.1:1/metrics", tries=1)
    assert (code, "does not say" in log, "--no-hooks" in log) == (1, True, True)


def test_guard_has_no_right_and_no_token_and_can_be_left_out(render: Render) -> None:
    """It asks the operator, so nothing has to be granted for the time of an uninstall."""
    objects = render(*ON)
    [job] = [found for found in objects if found["kind"] == "Job"]
    spec = job["spec"]["template"]["spec"]
    assert (spec["automountServiceAccountToken"], "serviceAccountName" in spec) == (False, False)
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-delete"
    assert not [found for found in render(*ON, "--set", "gateway.uninstallGuard.enabled=false") if found["kind"] == "Job"]
    assert not [found for found in render() if found["kind"] == "Job"]
