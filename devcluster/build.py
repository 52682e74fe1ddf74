"""Compile the pinned programs into the cache; what is there already costs nothing."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from devcluster.binaries import PROGRAMS, Program, bin_dir
from devcluster.commands import run, tail
from devcluster.errors import DevclusterError
from devcluster.golang import compiler
from devcluster.locking import only_one
from devcluster.paths import cache_root
from devcluster.progress import Counter, say, step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def missing(programs: Sequence[Program] = PROGRAMS) -> list[Program]:
    """Return the programs that are not in the cache."""
    return [program for program in programs if not program.path().is_file()]


def build(programs: Sequence[Program] = PROGRAMS) -> None:
    """Make sure that the programs are in the cache and linked into the bin directory."""
    if missing(programs):
        with only_one(cache_root() / "locks" / "build", "building the programs"):
            # Asked again: the process we waited for has probably built them.
            for program in missing(programs):
                _compile(program, compiler())
    for program in programs:
        _link(program, bin_dir())


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a build."""
    # With cgo the result needs the C library of this machine, and fails in a scratch image.
    return {**base, "CGO_ENABLED": "0"}


def command(go: Path, program: Program, target: Path) -> list[str]:
    """Return the compiler's command line."""
    # -buildvcs would stamp the state of the checkout: another result for the same key.
    flags = ["-v", "-trimpath", "-buildvcs=false", "-ldflags", program.flags()]
    # The linker drops debugging data anyway: not making it takes a sixth off a cold build.
    flags.append("-gcflags=all=-dwarf=false")
    return [str(go), "build", *flags, "-o", str(target), program.package]


def _compile(program: Program, go: Path) -> None:
    with step(f"building {program.name} ({program.purpose}): not in the cache"):
        target = program.path()
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".unfinished")
        counter = Counter(program.name, _packages(go, program), "packages compiled")
        _watch(command(go, program, unfinished), program.directory, counter)
        unfinished.rename(target)


def _packages(go: Path, program: Program) -> int:
    with_modules = run([go, "list", "-deps", program.package], cwd=program.directory, env=environment(os.environ))
    return len(with_modules.splitlines())


def _watch(words: list[str], directory: Path, counter: Counter) -> None:
    env = environment(os.environ)
    with subprocess.Popen(words, cwd=directory, env=env, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stderr or ():
            lines.append(line)
            counter.advance()
    if process.returncode:
        raise DevclusterError(f"`{' '.join(words)}` failed:\n{tail(''.join(lines))}")


def _link(program: Program, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name in program.links or (program.name,):
        link = directory / name
        if link.exists():
            continue
        link.unlink(missing_ok=True)
        link.symlink_to(program.path())
        say(f"new program: {link}")
