"""Say what is done and why, with the elapsed time: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START = time.monotonic()
BAR_WIDTH = 24
SECONDS_BETWEEN_LINES = 20.0
_lock = threading.Lock()


def elapsed() -> float:
    """Return the seconds since the program started."""
    return time.monotonic() - START


def say(text: str) -> None:
    """Print one line with the elapsed time; on stderr, so that stdout stays usable in scripts."""
    with _lock:
        clear = "\r\033[K" if sys.stderr.isatty() else ""
        print(f"{clear}[{elapsed():6.1f}s] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step and say how long it took."""
    say(f"{text} ...")
    began = time.monotonic()
    yield
    say(f"{text}: done in {time.monotonic() - began:.1f} s")


class Counter:
    """Progress of one long step with a known size."""

    def __init__(self, title: str, total: int, unit: str) -> None:
        self.title, self.total, self.unit = title, max(total, 1), unit
        self.count = 0
        self._printed = time.monotonic()

    def advance(self) -> None:
        """Count one unit and redraw when it is time."""
        self.count = min(self.count + 1, self.total)
        if sys.stderr.isatty():
            self._draw()
        elif time.monotonic() - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = time.monotonic()
            say(self.line())

    def line(self) -> str:
        """Return the state in words."""
        return f"{self.title}: {self.count} of about {self.total} {self.unit}"

    def bar(self) -> str:
        """Return the state as a bar."""
        filled = BAR_WIDTH * self.count // self.total
        return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {self.line()}"

    def _draw(self) -> None:
        with _lock:
            print(f"\r\033[K[{elapsed():6.1f}s] {self.bar()}", end="", file=sys.stderr, flush=True)
