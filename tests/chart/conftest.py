"""helm, as the local cluster's tool builds it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from devcluster import bin_dir
from devcluster.binaries import PROGRAMS
from devcluster.build import build

CHART = Path(__file__).resolve().parents[2] / "charts" / "agentops-operator"
VERSION = ("--kube-version", "1.36.3")
Helm = Callable[..., subprocess.CompletedProcess[str]]
Render = Callable[..., list[dict[str, Any]]]


def values_files() -> list[Path]:
    """Every set of values that the chart promises to work with."""
    return sorted((CHART / "ci").glob("*-values.yaml"))


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Helm without a cluster."""
    build([program for program in PROGRAMS if program.name == "helm"])

    def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
        words = [str(bin_dir() / "helm"), *map(str, args)]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.fixture(scope="session")
def render(helm: Helm) -> Render:
    """Objects that the chart renders; an error of helm fails the test with its message."""

    def run(*args: str | Path, namespace: str = "agentops-system") -> list[dict[str, Any]]:
        done = helm("template", "agentops", CHART, "--namespace", namespace, *VERSION, *args)
        assert done.returncode == 0, done.stderr
        return [found for found in yaml.safe_load_all(done.stdout) if found]

    return run
