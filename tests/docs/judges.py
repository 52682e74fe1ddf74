"""What proves a command of the documentation without a cluster; kubectl has its own judge on the real node."""

import contextlib
import re
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import click
import yaml

from agentops_operator.cli.main import cli
from demo.images import ROOT
from devcluster import bin_dir
from devcluster.arguments import parser, split
from devcluster.binaries import PROGRAMS
from devcluster.build import build

STAGE = re.compile(r"^FROM \S+ AS (\S+)", re.MULTILINE)
PARTS = {"operator", "collector", "gateway", "evals"}  # what the page's loop goes through
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
CHART = str(ROOT / "charts/agentops-operator")
NAMED = 2  # words of a command that a sentence only names, without what it needs
FLAGS_OF_INSTALL = ("--create-namespace", "--wait")
# Commands on a release that is there; the tests named here run them against a real API server.
ON_A_RELEASE = {
    "test": "tests/chart/test_lifecycle.py",
    "uninstall": "tests/chart/test_lifecycle.py",
    "rollback": "tests/chart/test_lifecycle.py",
    "history": "tests/cluster/other_values/test_gateway_gone.py",
}


def agentops(words: list[str], folder: Path) -> None:
    """The command line reads all options and arguments; files that it names exist."""
    for word in words:
        if word.endswith((".yaml", "/")) or word == "PATH":
            (folder / word).mkdir(parents=True, exist_ok=True)
    context: click.Context = click.Context(cli, info_name="agentops")
    command: click.Command | None = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None, name
        context = click.Context(command, info_name=name, parent=context)
    if rest or not isinstance(command, click.Group):
        with contextlib.suppress(*([click.MissingParameter] if len(words) <= NAMED else [])):
            command.make_context(context.info_name, list(rest), parent=context.parent)


def agentops_mask(words: list[str], folder: Path) -> None:
    """The program knows command and flags: the usage of it is not shown."""
    (folder / "FILE").write_text('{"version":1,"capture":"None","packs":[],"rules":[],"blockKeys":[]}')
    done = subprocess.run([ROOT / "build/bin/agentops-mask", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def make(words: list[str], folder: Path) -> None:
    """The Makefile has the target."""
    del folder
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    assert {word for word in words if "=" not in word} <= targets


def docker(words: list[str], folder: Path) -> None:
    """What is built is a stage of the Dockerfile, and what it is called is what the chart asks for."""
    del folder
    assert words[0] in ("build", "push")
    assert set(STAGE.findall((ROOT / "Dockerfile").read_text())) >= PARTS
    images = yaml.safe_load((ROOT / CHART / "values.yaml").read_text())["image"]
    version = yaml.safe_load((ROOT / CHART / "Chart.yaml").read_text())["appVersion"]
    named = [word for word in words if word.startswith("REGISTRY/")]
    expected = {f"REGISTRY/{images[part]['repository']}:{version}" for part in PARTS}
    assert {word.replace("$part", part) for word in named for part in PARTS} <= expected


def helm(words: list[str], folder: Path) -> None:
    """The chart renders with these values."""
    if words[0] in ON_A_RELEASE:
        assert words[0] in (ROOT / ON_A_RELEASE[words[0]]).read_text()
        return
    build([program for program in PROGRAMS if program.name == "helm"])
    (folder / "tls.crt").write_text("-----BEGIN CERTIFICATE-----\nmade up\n")
    assert words[0] in ("install", "upgrade")
    wanted = [word for word in words[1:] if word not in (*FLAGS_OF_INSTALL, "agentops", "charts/agentops-operator")]
    version = "1.30.0" if any("webhook." in word for word in wanted) else "1.36.3"
    command = [bin_dir() / "helm", "template", "agentops", CHART, *wanted, "--kube-version", version]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def openssl(words: list[str], folder: Path) -> None:
    """It is run, and makes what the page says."""
    subprocess.run(["openssl", *words], cwd=folder, capture_output=True, check=True)
    assert (folder / "tls.crt").exists()


def python(words: list[str], folder: Path) -> None:
    """The module exists; that of the local cluster reads its arguments."""
    del folder
    assert words[0] == "-m"
    assert find_spec(words[1]) is not None
    if words[1] == "devcluster" and len(words) > 2:
        parser().parse_args(split(words[2:])[0])


def go(words: list[str], folder: Path) -> None:
    """The package has what is run."""
    del folder
    assert words[0] == "test"
    assert any("func Benchmark" in file.read_text() for file in (ROOT / "dataplane" / words[1]).glob("*_test.go"))


JUDGES: dict[str, Callable[[list[str], Path], None]] = {
    "agentops": agentops,
    "agentops-mask": agentops_mask,
    "docker": docker,
    "go": go,
    "helm": helm,
    "make": make,
    "openssl": openssl,
    "python": python,
    "python3": python,
}
