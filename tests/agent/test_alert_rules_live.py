"""The rules in a real Prometheus, and what is read back from it."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentops_operator.agent.alert_rules import alerting_condition, loaded, rules_config_map
from agentops_operator.agent.alerts import PLATFORM, RECORDINGS, TENANT
from agentops_operator.agent.facts import Settings
from conformance.processes import free_port
from tests.agent.promtool import HOME

SECONDS = 30.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rule files as Prometheus mounts them from the ConfigMap."""
    for name, text in rules_config_map(["shop"], Settings())["data"].items():
        (tmp_path / name).write_text(text)
    config = {"global": {"evaluation_interval": "1s"}, "rule_files": [f"{tmp_path}/*.rules.yaml"]}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    return tmp_path


@pytest.fixture
def rules(folder: Path) -> Iterator[Callable[[], Any]]:
    """Asks a Prometheus that runs with these files for its rules."""
    program = shutil.which("prometheus")
    if program is None:
        message = "prometheus is missing: `make promtool`, or install Debian's package prometheus"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    address = f"127.0.0.1:{free_port()}"
    files = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address={address}")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, *files], stdout=log, stderr=log)

    def ask() -> Any:
        try:
            with urllib.request.urlopen(f"http://{address}/api/v1/rules", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            return None

    yield ask
    process.terminate()
    process.wait(timeout=20)


def condition(answer: Any, namespace: str) -> str:
    """Alerting of an Agent of the namespace after this answer."""
    found = alerting_condition(loaded(answer, [namespace], HOME)[namespace], "http://prometheus")
    return f"{found.status} {found.reason}: {found.message}"


@pytest.mark.timeout(90)
def test_rules_are_read_back_as_loaded_and_healthy(rules: Callable[[], Any]) -> None:
    """What Prometheus really answers is understood: loaded where it is, and absent where it is not."""
    end = time.monotonic() + SECONDS
    got: dict[str, str] = {}
    answer = None
    while time.monotonic() < end and not all(text.startswith("True") for text in got.values() or ["no answer"]):
        time.sleep(0.3)
        answer = rules() or answer
        if answer is not None:
            got = {name: condition(answer, name) for name in ("shop", HOME)}
    own = len(RECORDINGS) + len(TENANT)
    every = own + len(PLATFORM)
    assert got == {
        "shop": f"True RulesLoaded: {own} of {own} rules are loaded and healthy",
        HOME: f"True RulesLoaded: {every} of {every} rules are loaded and healthy",
    }
    assert condition(answer, "elsewhere").startswith(
        "False RulesNotLoaded: Prometheus does not know rule group agentops.elsewhere."
    )
