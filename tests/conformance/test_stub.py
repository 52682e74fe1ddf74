"""The suite notices an engine that limits nothing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance import ROOT
from conformance.report import BROKEN, ENFORCED

HARMLESS = {
    "routes.*.compression=Off",
    "targets.*.credential.keys",
    "targets.*.credential.secret",
    "targets.*.model",
    "targets.*.provider=openai",
    "targets.*.provider=openai-compatible",
}
"""What a proxy that passes everything through really does."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of the stub, from the cases of one API: a proxy that passes everything through does not look at it."""
    path: Path = tmp_path_factory.mktemp("stub") / "stub.json"
    cases = ROOT / "conformance" / "cases"
    command = [sys.executable, "-m", "pytest", str(cases), "-m", "not soak", "--engine=stub", f"--report={path}", "-q"]
    options = ["-k", "not responses and not messages", "--tb=native", "-p", "no:cacheprovider", "-W", "ignore"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout[-2000:]
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_no_limit_is_enforced_by_a_proxy_that_has_none(report: dict[str, Any]) -> None:
    """Every field that limits, routes, guards or falls over is found not to be enforced."""
    enforced = {name for name, entry in report["fields"].items() if entry["verdict"] == ENFORCED}
    assert enforced <= HARMLESS


def test_behaviours_of_a_gateway_are_missed_too(report: dict[str, Any]) -> None:
    """Identity, accounts, state and drain: none of them passes by chance."""
    verdicts = {name: entry["verdict"] for name, entry in report["behaviours"].items()}
    assert {name for name, verdict in verdicts.items() if verdict != BROKEN} <= {"apis/responses", "apis/messages"}
