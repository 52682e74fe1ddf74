"""`helm test`, run as its pod runs it, against an operator that answers or does not."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.chart.conftest import Render

ADDRESS = "http://agentops-operator.agentops-system.svc:8080"


@pytest.fixture(scope="module")
def pod(render: Render) -> dict[str, Any]:
    """The pod of the test."""
    [found] = [entry for entry in render() if "test" in entry["metadata"].get("annotations", {}).get("helm.sh/hook", "")]
    return found


def _ask(pod: dict[str, Any], status: int) -> tuple[int, str, list[str]]:
    """Exit code and log of the program, tried once, and the paths that it asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    [program, flag, script] = pod["spec"]["containers"][0]["command"]
    assert (program, flag) == ("python3", "-c")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = script.replace(ADDRESS, f"http://127.0.0.1:{server.server_port}").replace("range(30)", "range(1)")
        done = subprocess.run([sys.executable, "-c", here], capture_output=True, text=True, check=False, timeout=60)
        server.shutdown()
    return done.returncode, done.stdout + done.stderr, asked


def test_it_passes_when_the_operator_answers(pod: dict[str, Any]) -> None:
    """The path is the one that the operator serves."""
    code, log, asked = _ask(pod, 200)
    assert (code, asked) == (0, ["/healthz"]), log


def test_it_fails_when_the_operator_is_not_well(pod: dict[str, Any]) -> None:
    """The log holds what was answered."""
    code, log, _ = _ask(pod, 503)
    assert code == 1
    assert "503" in log


def test_it_leaves_nothing_behind_and_has_no_rights(pod: dict[str, Any]) -> None:
    """A test that was passed takes its pod along; the pod holds no token."""
    assert pod["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"
    assert pod["spec"]["automountServiceAccountToken"] is False
