"""Wait for a fact, or say which fact never came."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(fact: Callable[[], bool], what: str, seconds: float, hint: str = "", pause: float = 0.1) -> None:
    """Return as soon as the fact holds; raise when it does not within the given time."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise DevclusterError(f"{what}: not within {seconds:.0f} s. {hint}".rstrip())
        time.sleep(pause)
