"""The cgroup of the pods, for both cgroup versions."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
INHERITED = ("cpuset.cpus", "cpuset.mems")


def hierarchies() -> list[Path]:
    """Return the root of each hierarchy: one with version 2, one per controller with version 1."""
    if (MOUNT / "cgroup.controllers").exists():
        return [MOUNT]
    return sorted({entry.resolve() for entry in MOUNT.iterdir() if (entry / "cgroup.procs").exists()})


def create(name: str) -> None:
    """Create the cgroup in every hierarchy."""
    for root in hierarchies():
        _delegate(root)
        group = root / name.lstrip("/")
        group.mkdir(exist_ok=True)
        for file in INHERITED:
            # Version 1 starts with an empty set, and then no process can enter.
            if (root / file).exists() and (group / file).exists():
                (group / file).write_text((root / file).read_text())


def processes(name: str) -> set[int]:
    """Return every process below the cgroup."""
    return {int(line) for directory in _inside_out(name) for line in _lines(directory / "cgroup.procs")}


def kill(name: str) -> None:
    """Kill every process below the cgroup: the pods' containers."""
    for pid in processes(name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def remove(name: str) -> None:
    """Remove the cgroup and all below it; it has to be empty of processes."""
    for directory in _inside_out(name):
        directory.rmdir()


def _delegate(root: Path) -> None:
    # Version 2 only: a controller that is not delegated does not exist in the children.
    if (root / "cgroup.controllers").exists():
        for controller in (root / "cgroup.controllers").read_text().split():
            with contextlib.suppress(OSError):
                (root / "cgroup.subtree_control").write_text(f"+{controller}")


def _groups(name: str) -> list[Path]:
    return [group for root in hierarchies() if (group := root / name.lstrip("/")).is_dir()]


def _inside_out(name: str) -> list[Path]:
    # Not rglob, which raises when a directory goes while it looks: containers that end take theirs along.
    return [Path(place) for group in _groups(name) for place, _, _ in os.walk(group, topdown=False)]


def _lines(file: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return file.read_text().split()
    return []
