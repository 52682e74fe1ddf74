"""The command line as a whole: help, completion, exit codes, colours."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from agentops_operator import __version__
from agentops_operator.cli import output
from agentops_operator.cli.main import cli
from tests.cli.runner import SAMPLES, run

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command, groups included."""
    found = [path] if path else []
    for name, command in group.commands.items():
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


EVERY = commands(cli)


@pytest.mark.parametrize("path", [(), *EVERY], ids=" ".join)
def test_help_has_examples_and_exit_codes(path: tuple[str, ...]) -> None:
    """Each command shows how it is used, and what its exit codes mean."""
    text = run(*path, "--help").stdout
    assert "\nExamples:\n  " in text
    assert "\nExit codes:\n  0  ok\n" in text


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_command_is_documented(path: tuple[str, ...]) -> None:
    """The page on the command line names every command."""
    assert f"`agentops {' '.join(path)}" in DOCS.read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_written(shell: str) -> None:
    """Each shell gets a script that asks this program."""
    assert "_AGENTOPS_COMPLETE" in run("completion", shell).stdout


def test_completion_completes() -> None:
    """The variable that the scripts set makes the program answer with commands."""
    code = "from agentops_operator.cli.main import main; import sys; sys.argv = ['agentops']; main()"
    env = {**os.environ, "_AGENTOPS_COMPLETE": "bash_complete", "COMP_WORDS": "agentops sta", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "plain,status\n"


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("validate",), ("completion", "tcsh"), ("render", "x", "-o", "xml")], ids=" ".join
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    """Scripts can tell a wrong call from a finding."""
    assert run(*arguments).exit_code == 2


CLUSTER_COMMANDS = [("status",), ("run", "list"), ("run", "cancel", "x"), ("explain", "pod", "x"), ("mask", "test", "x")]


@pytest.mark.parametrize("arguments", CLUSTER_COMMANDS, ids=" ".join)
def test_cluster_that_does_not_answer_exits_with_3(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Scripts can tell an outage from a policy that is not in force, and the message is one line."""
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "gone",
        "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "me"}}],
        "clusters": [{"name": "gone", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"token": "x"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    result = run(*arguments, "--kubeconfig", tmp_path / "config", stdin="")
    assert result.exit_code == 3
    assert "does not answer" in result.stderr
    assert result.stderr.count("\n") == 1
    assert run(*arguments, "--kubeconfig", tmp_path / "config", "--context", "other", stdin="").exit_code == 3


def test_missing_kubeconfig_exits_with_3(tmp_path: Path) -> None:
    """Without any cluster the message says what to set."""
    result = run("status", env={"KUBECONFIG": str(tmp_path / "none"), "KUBERNETES_SERVICE_HOST": ""})
    assert result.exit_code == 3
    assert "KUBECONFIG" in result.stderr


def test_no_colours_where_nobody_sees_them() -> None:
    """A log or a file holds no escape sequences."""
    assert "\x1b" not in run("validate", SAMPLES / "faults.yaml").stdout


@pytest.mark.parametrize(
    ("variable", "value", "want"), [("TERM", "xterm", True), ("NO_COLOR", "1", False), ("TERM", "dumb", False)]
)
def test_colours_only_on_a_terminal_that_wants_them(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, want: bool
) -> None:
    """NO_COLOR and a dumb terminal switch colours off."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(output.sys.stdout, "isatty", lambda: True, raising=False)
    assert output.coloured() is want


def test_lists_of_commands_are_not_cut() -> None:
    """Half a sentence tells nobody what a command does."""
    assert "..." not in run("--help").stdout.partition("Examples:")[0].replace("[ARGS]...", "")


def test_version_is_an_option_too() -> None:
    """Most programs have it, so it is what people try first."""
    assert run("--version").stdout == f"agentops {__version__}\n"


def test_version_names_the_api() -> None:
    """A bug report says which version of the API the program knows."""
    assert "agentops.dev/v1alpha1" in run("version").stdout
