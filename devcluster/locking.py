"""One build and one boot at a time, also between two shells."""

from __future__ import annotations

import fcntl
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TextIO

from devcluster.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def only_one(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file while the block runs; wait, and say so, when another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: another process is busy with {what}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def if_free(*paths: Path) -> Iterator[bool]:
    """Hold the lock files while the block runs; say False, without waiting, when another process holds one."""
    with ExitStack() as held:
        files = []
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.append(held.enter_context(path.open("w")))
        yield all(_take(file) for file in files)


def _take(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
