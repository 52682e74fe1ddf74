"""The process: exit codes, and what it prints."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.evals.stubs import config


def runner(directory: Path, text: str | None, *args: str) -> subprocess.CompletedProcess[str]:
    """The console script with these settings in its environment."""
    environment = {"PATH": "/usr/bin:/bin", **({} if text is None else {"AGENTOPS_EVAL_CONFIG": text})}
    command = [sys.executable, "-m", "agentops_evals.main", *args, "--message", str(directory / "message")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_verdict_without_a_set_is_still_a_verdict(tmp_path: Path) -> None:
    """The exit code is 0, the message is there, and the reason is printed."""
    done = runner(tmp_path, config().model_dump_json(by_alias=True), "run")
    assert done.returncode == 0, done.stderr
    assert '"Inconclusive"' in (tmp_path / "message").read_text()
    assert done.stderr.startswith("Inconclusive: the data set is missing")


@pytest.mark.parametrize("text", [None, "", "{", '{"secret": "sk-live"}'])
def test_settings_that_cannot_be_read_are_a_crash(tmp_path: Path, text: str | None) -> None:
    """No message is left, which the operator takes for a run that did not happen; nothing of the settings is printed."""
    done = runner(tmp_path, text, "run")
    assert done.returncode == 2
    assert not (tmp_path / "message").exists()
    assert "sk-live" not in done.stderr


def test_crash_prints_no_texts(tmp_path: Path) -> None:
    """A message that cannot be written ends the process with the place of the fault, and without its text."""
    file = tmp_path / "config.json"
    file.write_text(config().model_dump_json(by_alias=True))
    done = runner(tmp_path / "missing", None, "run", "--config", str(file))
    assert done.returncode == 1
    assert done.stderr.startswith("the runner failed: FileNotFoundError\n")
    assert "No such file" not in done.stderr
