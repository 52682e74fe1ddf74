"""A known gap is shown as not enforced, and cannot stay after it was closed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from conformance import ROOT
from conformance.report import BROKEN

RUN = """
import sys, pytest
from conformance.gaps import GAPS
case, report = sys.argv[1:]
GAPS["stub"] = {case: "known"}
sys.exit(pytest.main([f"conformance/cases/{case}", "--engine=stub", f"--report={report}", "-q", "-p", "no:cacheprovider"]))
"""


def _run(case: str, path: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and report of one case that is said to be a gap of the stub."""
    done = subprocess.run([sys.executable, "-c", RUN, case, str(path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert path.exists(), done.stdout + done.stderr
    return done.returncode, json.loads(path.read_text())


def test_case_of_a_gap_fails_in_peace_and_counts_as_not_enforced(tmp_path: Path) -> None:
    """The stub does not know who calls: the run is green, the report is not."""
    code, report = _run("test_identity.py::test_agent_that_the_plan_does_not_know_is_refused", tmp_path / "report.json")
    assert code == 0
    assert report["behaviours"]["identity/token"]["verdict"] == BROKEN


def test_gap_that_was_closed_fails_until_it_is_removed(tmp_path: Path) -> None:
    """The stub does pass requests on to a server of one's own: to call that a gap is wrong."""
    code, report = _run("test_requests.py::test_self_hosted_server_is_a_provider", tmp_path / "report.json")
    assert code == 1
    assert report["fields"]["targets.*.provider=openai-compatible"]["verdict"] == BROKEN
