"""What people hand to the command line by mistake: one clear line, an exit code that says whose fault it is, no traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentops_operator.cli.mask import VARIABLE
from tests.cli.runner import SAMPLES, run

PROGRAM = (sys.executable, "-c", "import sys; from agentops_operator.cli.main import main; sys.argv[0] = 'agentops'; main()")

# The program, with a command that is interrupted while it runs.
INTERRUPTED = """
import click
from agentops_operator.cli.main import cli, main
@cli.command()
def interrupted() -> None:
    raise KeyboardInterrupt
main()
"""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfea\x00", "x.yaml:1:1: error: no YAML: byte 1 is not UTF-8 text"),
        (b"a: b\nc: \xe9\n", "x.yaml:2:1: error: no YAML: byte 9 is not UTF-8 text"),
        (b'a: b\nc: "\x01"\n', "x.yaml:2:1: error: no YAML: it holds the character '\\x01'"),
        (b"a: [1\nb: c", "x.yaml:2:2: error: no YAML: expected ',' or ']'"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "render"])
def test_file_that_is_no_yaml_is_a_finding(
    command: str, content: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture or a file of another encoding among manifests is named, and the others are still read."""
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_bytes(content)
    result = run(command, "x.yaml", SAMPLES / "shop.yaml")
    assert result.exit_code == 1
    assert "no YAML" in result.output
    if command == "validate":
        assert told in result.stdout
        assert "objects: 3, errors: 1" in result.stdout


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "hello\n", "- a\n", "kind: Agent\nmetadata: {name: x}\n", "apiVersion: v1\n"]
)
def test_manifests_that_hold_nothing_of_ours_are_not_passed_over(text: str) -> None:
    """A pipeline whose input never came is not green without a word."""
    result = run("validate", "-", stdin=text)
    assert (result.exit_code, run("validate", "-", "--strict", stdin=text).exit_code) == (0, 1)
    assert "stdin:1:1: warning: no object of agentops.dev is in these manifests" in result.stdout
    assert "objects: 0, errors: 0, warnings: 1" in result.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("apiVersion: agentops.dev/v1alpha1\nkind: Agent\n", "stdin:1: Agent: metadata.name is missing"),
        ("apiVersion: agentops.dev/v1alpha1\nkind: Agent\nmetadata: {name: x}\nspec: y\n", "stdin:4: Agent x: spec is missing"),
        ("apiVersion: agentops.dev/v1\nkind: Agnet\nmetadata: {name: x}\n", "stdin:2: Agnet x: kind Agnet is not known"),
    ],
)
def test_render_tells_what_it_leaves_out(text: str, told: str) -> None:
    """What the operator would never see is not left out in silence."""
    result = run("render", "-", stdin=text)
    assert result.exit_code == 1
    assert told in result.stderr


def test_what_the_shell_hands_over_as_a_pipe_is_read() -> None:
    """`agentops validate <(kubectl kustomize .)` is how many people write it."""
    command = f"{PROGRAM[0]} -c \"{PROGRAM[2]}\" validate <(cat '{SAMPLES / 'shop.yaml'}')"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "objects: 3, errors: 0, warnings: 0\n"


@pytest.mark.parametrize("arguments", [("validate", "-"), ("mask", "test", "--policy", str(SAMPLES / "shop.yaml"))])
def test_closed_input_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    """A service or a script may start the program without one."""
    done = subprocess.run(["bash", "-c", '"$@" <&-', "bash", *PROGRAM, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "Error: standard input is closed\n")


def test_output_that_cannot_be_written_is_told() -> None:
    """A full disk is no finding."""
    command = ["bash", "-c", '"$@" > /dev/full', "bash", *PROGRAM, "render", str(SAMPLES / "shop.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "Error: standard output: No space left on device\n")


def test_interrupt_ends_the_loop_around_the_command_too() -> None:
    """A shell goes on with a loop when the command in it ends by an exit code instead of the signal."""
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, "interrupted"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


@pytest.mark.parametrize(("program", "told"), [("/nowhere/x", "No such file"), ("/bin/true", "Expecting value")])
def test_engine_that_is_none_is_named(program: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable may name a file that was moved since."""
    monkeypatch.setenv(VARIABLE, program)
    result = run("mask", "test", "--policy", SAMPLES / "shop.yaml", stdin="x")
    assert result.exit_code == 2
    assert f"{program} is not agentops-mask" in result.stderr
    assert told in result.stderr


def test_bytes_that_are_no_text_reach_the_engine_as_they_are(tmp_path: Path) -> None:
    """Prompts hold what people paste; the engine decides, and this program does not fall over before."""
    engine = tmp_path / "engine"
    engine.write_text(f"#!/bin/sh\ncat > '{tmp_path}/seen'\nprintf '{{\"text\":\"ok\"}}'\n")
    engine.chmod(0o755)
    command = [*PROGRAM, "mask", "test", "--policy", str(SAMPLES / "shop.yaml")]
    env = {**os.environ, VARIABLE: str(engine)}
    done = subprocess.run(command, input=b"a\xff\xfe\x00b", capture_output=True, env=env, check=False)
    assert (done.returncode, done.stdout) == (0, b"ok\n")
    assert (tmp_path / "seen").read_bytes() == b"a\xff\xfe\x00b"
