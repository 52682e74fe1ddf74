"""What the demo prints: steps with their times, evidence in plain words, and small tables."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

WIDTH = 110


class NotTrueError(Exception):
    """Something that the demo promises did not hold."""


def check(holds: object, promise: str) -> None:
    """Ends the demo when a promise does not hold."""
    if not holds:
        raise NotTrueError(promise)


def shorten(text: str, width: int = WIDTH) -> str:
    """One line, cut in the middle, where the secrets of long texts are not lost."""
    line = " ".join(text.split())
    half = (width - 3) // 2
    return line if len(line) <= width else f"{line[:half]}...{line[-half:]}"


class Report:
    """Prints to stdout at once, so that a reader sees where it is."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._began = time.monotonic()
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step; its time is printed when it is through."""
        number, began = len(self.times) + 1, time.monotonic()
        self._print(f"\n[{number}/{self._steps}] {title}\n{'-' * min(len(title) + 6, WIDTH)}")
        yield
        self.times.append((title, time.monotonic() - began))
        self._print(f"  ({self.times[-1][1]:.1f} s)")

    def say(self, text: str) -> None:
        """A sentence of the story."""
        self._print(f"  {text}")

    def proved(self, text: str) -> None:
        """Something that was checked and holds."""
        self._print(f"  [ok] {text}")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table with columns as wide as they need."""
        lines = [tuple(head), *(tuple(str(cell) for cell in row) for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        for line in lines:
            self._print("     " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def total(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def summary(self) -> None:
        """Times of all steps."""
        self._print("")
        self.table(("step", "seconds"), [(title, f"{seconds:.1f}") for title, seconds in self.times])
        self.say(f"total: {self.total():.0f} s")

    def _print(self, text: str) -> None:
        print(text, file=sys.stdout, flush=True)
