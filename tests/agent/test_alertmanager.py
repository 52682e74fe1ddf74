"""A held run on its whole way: metric, a real Prometheus with our rules, a real Alertmanager, a person's receiver."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import yaml

from agentops_operator.agent.alert_rules import rules_config_map
from agentops_operator.agent.facts import Settings
from conformance.processes import free_port, listens, until

PATIENCE = 60.0  # seconds
SERIES = (
    'agentops_run_hold_cost_usd{namespace="shop",agent="billing",hold="billing-1f",run="order-4711",reason="MaxSteps",'
    'limit="50",link="https://runs/order-4711"} 1.25\n'
)


class Desk(BaseHTTPRequestHandler):
    """What Prometheus scrapes, and what Alertmanager calls."""

    received: Queue[dict[str, Any]]

    def do_GET(self) -> None:
        """The operator's metrics."""
        self._answer(SERIES.encode())

    def do_POST(self) -> None:
        """A notification."""
        self.received.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(b"")

    def log_message(self, *_: Any) -> None:
        """Nothing: a test's output is for its failure."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def desk() -> Iterator[HTTPServer]:
    """A server for both."""
    Desk.received = Queue()
    server = HTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def running(home: Path, name: str, *flags: str) -> Iterator[None]:
    """A program until the block ends."""
    program = shutil.which(name)
    if program is None:
        message = f"{name} is missing: `make promtool`, or install Debian's package of that name"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with (home / f"{name}.log").open("w") as log:
        process = subprocess.Popen([program, *flags], stdout=log, stderr=log)
        yield
        process.terminate()
        process.wait(timeout=20)


def write(file: Path, content: Any) -> Path:
    """A YAML file."""
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture
def alerting(tmp_path: Path, desk: HTTPServer) -> Iterator[None]:
    """Prometheus with the rules of namespace shop, and Alertmanager behind it."""
    rules = tmp_path / "shop.rules.yaml"
    rules.write_text(rules_config_map(["shop"], Settings())["data"][rules.name])
    receiver, port = f"127.0.0.1:{desk.server_port}", free_port()
    manager = f"127.0.0.1:{port}"
    prometheus = {
        "global": {"evaluation_interval": "1s", "scrape_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "operator", "honor_labels": True, "static_configs": [{"targets": [receiver]}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]},
    }
    route = {"receiver": "desk", "group_wait": "0s", "group_by": ["alertname", "run"]}
    receivers = [{"name": "desk", "webhook_configs": [{"url": f"http://{receiver}/"}]}]
    first = write(tmp_path / "prometheus.yml", prometheus)
    second = write(tmp_path / "alertmanager.yml", {"route": route, "receivers": receivers})
    storage = (f"--storage.tsdb.path={tmp_path}/series", f"--web.listen-address=127.0.0.1:{free_port()}")
    state = (f"--storage.path={tmp_path}/state", f"--web.listen-address={manager}", "--cluster.listen-address=")
    with running(tmp_path, "prometheus-alertmanager", f"--config.file={second}", *state):
        # What Prometheus could not hand over, it tries again only a minute later.
        until(lambda: listens(port), "Alertmanager listens", PATIENCE)
        with running(tmp_path, "prometheus", f"--config.file={first}", *storage):
            yield


@pytest.mark.timeout(120)
def test_alertmanager_tells_a_person_which_run_waits_and_what_it_cost(alerting: None) -> None:
    """Agent, run, limit, cost so far and link arrive at the receiver."""
    while True:
        for alert in Desk.received.get(timeout=PATIENCE)["alerts"]:
            if alert["labels"]["alertname"] == "AgentOpsRunHeld":
                labels = {name: alert["labels"][name] for name in ("namespace", "agent", "run", "limit", "link", "severity")}
                assert labels == {
                    "namespace": "shop",
                    "agent": "billing",
                    "run": "order-4711",
                    "limit": "50",
                    "link": "https://runs/order-4711",
                    "severity": "warning",
                }
                assert "1.25 USD so far" in alert["annotations"]["summary"]
                return
