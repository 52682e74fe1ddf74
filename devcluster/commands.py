"""Run a program to its end, with one clear message when it fails."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TAIL_LINES = 25


def run(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Return what the program printed; raise with its last lines when it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, input=stdin, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DevclusterError(f"the program {words[0]} is not installed") from None
    if done.returncode:
        raise DevclusterError(f"`{' '.join(words)}` failed ({done.returncode}):\n{tail(done.stdout + done.stderr)}")
    return done.stdout


def succeeds(command: Sequence[str | Path]) -> bool:
    """Whether the program exists and ends well; its output is of no interest."""
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        return False
    return subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode == 0


def tail(text: str) -> str:
    """Return the last lines: the first error of a long log is rarely the one that stopped it."""
    return "\n".join(text.strip().splitlines()[-TAIL_LINES:])
