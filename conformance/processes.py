"""Programs that a case starts, each on a port of its own."""

import contextlib
import functools
import itertools
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from devcluster.locking import if_free
from devcluster.paths import cache_root

PATIENCE = 20.0
"""Seconds that a program may take to start or to end."""


FIRST, LAST = 20_000, 32_000
"""Below the ports that the kernel hands out: it could give one away meanwhile, and a look who listens could meet itself."""
BLOCK = 400
"""Ports that one process has for itself: a port is used only later, and suites that run at once would choose the same."""
_until_the_end = contextlib.ExitStack()


def free_port() -> int:
    """A port that nobody listens on; never the same twice in a row, and none of another process that asks here."""
    while True:
        port = next(_own_ports())
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@functools.cache
def _own_ports() -> Iterator[int]:
    for first in range(FIRST, LAST, BLOCK):
        if _until_the_end.enter_context(if_free(cache_root() / "locks" / f"ports-{first}")):
            return itertools.cycle(range(first, first + BLOCK))
    raise RuntimeError(f"all ports from {FIRST} to {LAST} belong to processes that run")


def until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Waits for a condition; raises with its name when it does not come."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s: {what}")
        time.sleep(0.01)


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Process:
    """A program with its log in a file."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        self.log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd)

    def wait_for(self, port: int) -> None:
        """Waits until it listens; raises with its log when it ends instead."""
        until(lambda: self.ended() or listens(port), f"{self.log.stem} does not listen on {port}")
        if self.ended():
            raise RuntimeError(f"{self.log.stem} ended with {self._popen.returncode}:\n{self.log.read_text()[-4000:]}")

    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._popen.poll() is not None

    def terminate(self) -> None:
        """Asks it to end."""
        self._popen.send_signal(signal.SIGTERM)

    def freeze(self) -> None:
        """Leaves it there, with its connections open, and answering nobody."""
        self._popen.send_signal(signal.SIGSTOP)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Waits for its end and returns its exit code."""
        return self._popen.wait(seconds)

    def kill(self) -> None:
        """Ends it as a power cut does."""
        self._popen.kill()
        self._popen.wait()
