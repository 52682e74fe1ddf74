"""Waiting for what a cluster shows; it says what it last saw when it gives up."""

import time
from collections.abc import Callable
from typing import TypeVar

from demo.report import NotTrueError

PATIENCE = 120.0
T = TypeVar("T")


def until(what: str, ask: Callable[[], T], holds: Callable[[T], object], patience: float = PATIENCE) -> T:
    """Asks until the answer holds. Where nobody answers there is none yet: a Service leads to a pod after that is ready.

    Raises:
        NotTrueError: it did not within the patience; the message holds the last answer.
    """
    deadline = time.monotonic() + patience
    while True:
        seen: T | OSError
        try:
            seen = ask()
        except OSError as error:
            seen = error
        else:
            if holds(seen):
                return seen
        if time.monotonic() > deadline:
            raise NotTrueError(f"{what}: not within {patience:.0f} s; last seen: {str(seen)[:2000]}")
        time.sleep(0.5)
