"""Start programs that outlive us, remember them, and stop exactly those."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devcluster.paths import Cluster


@dataclass(frozen=True)
class Process:
    """A process that we started."""

    name: str
    pid: int
    born: str
    """Start time in ticks since boot: a recycled pid has another one, and must not be killed."""

    def alive(self) -> bool:
        """Whether the very same process still runs."""
        return bool(self.born) and born(self.pid) == self.born


def start(cluster: Cluster, name: str, command: Sequence[str | Path]) -> Process:
    """Start a program detached, with its output in the log directory, and record it."""
    cluster.logs.mkdir(parents=True, exist_ok=True)
    log = os.open(cluster.logs / f"{name}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        pid = _spawn([str(word) for word in command], log)
    finally:
        os.close(log)
    process = Process(name, pid, born(pid))
    cluster.processes.mkdir(parents=True, exist_ok=True)
    (cluster.processes / f"{name}.json").write_text(json.dumps(asdict(process)))
    return process


def recorded(cluster: Cluster) -> list[Process]:
    """Return every process that was started for this cluster, dead or alive."""
    return [Process(**json.loads(file.read_text())) for file in sorted(cluster.processes.glob("*.json"))]


def dead(cluster: Cluster) -> list[str]:
    """Return the names of the recorded processes that no longer run."""
    return [process.name for process in recorded(cluster) if not process.alive()]


def stop(processes: Sequence[Process], seconds: float = 1.0) -> None:
    """Ask the processes to end; after the given time, end them."""
    for process in processes:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(process.alive() for process in processes):
        time.sleep(0.05)
    for process in processes:
        _signal(process, signal.SIGKILL)


def forget(cluster: Cluster, process: Process) -> None:
    """Drop the record of a process that was meant to end: a cluster without it is whole."""
    (cluster.processes / f"{process.name}.json").unlink(missing_ok=True)


def born(pid: int) -> str:
    """Return the start time of a running process, or nothing when there is none."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # A zombie has ended: its parent has only not asked yet.
    return "" if after_name[0] == "Z" else after_name[19]


def _spawn(words: list[str], log: int) -> int:
    # Not subprocess: its objects warn when a test ends while the cluster goes on.
    files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), *((os.POSIX_SPAWN_DUP2, log, fd) for fd in (1, 2))]
    # A session of its own: else Ctrl-C in the terminal of `up` kills the cluster.
    return os.posix_spawnp(words[0], words, os.environ, file_actions=files, setsid=True)


def _signal(process: Process, number: signal.Signals) -> None:
    if process.alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
