"""What programs of tests are started with."""

import subprocess
import sys
from pathlib import Path

from conformance.processes import FIRST, LAST, free_port

ROOT = Path(__file__).parents[2]


def test_processes_that_run_at_once_never_get_the_same_port() -> None:
    """However many they ask for: each has a block of its own, in which it begins anew."""
    program = f"from conformance.processes import free_port\nprint(*(free_port() for _ in range({LAST - FIRST})))"
    mine = {free_port() for _ in range(500)}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    theirs = set(map(int, done.stdout.split()))
    assert theirs
    assert mine & theirs == set()
