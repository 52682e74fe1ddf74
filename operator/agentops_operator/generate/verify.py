"""`python -m agentops_operator.generate.verify`: what a fresh checkout would generate is what lies here.

The work happens in a copy, so that a failed check leaves nothing behind that looks like an edit.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import click

from agentops_operator.generate.files import render_all

REPOSITORY = Path(__file__).parents[3]


def changed(root: Path) -> list[str]:
    """Paths that differ after generating anew in a copy of the tracked and untracked files of a repository."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in _names(root):
            _copy(root / name, copy / name)
        before = _digests(copy)
        _generate(copy)
        after = _digests(copy)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def untracked(root: Path) -> list[str]:
    """Generated files that nobody committed: the next checkout would lack them, though every check here passes."""
    tracked = set(_git(root, "ls-files", "-z"))
    return sorted(set(render_all()) - tracked)


def _names(root: Path) -> list[str]:
    # Ignored files stay out: a fresh checkout does not have them either.
    return _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")


def _git(root: Path, *args: str) -> list[str]:
    result = subprocess.run(["git", "-C", str(root), *args], capture_output=True, text=True, check=True)
    return [name for name in result.stdout.split("\0") if name]


def _copy(source: Path, target: Path) -> None:
    if source.is_file():  # a tracked file may be deleted here
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _generate(root: Path) -> None:
    # The path comes first, or the installed package would write what this checkout no longer says.
    environment = {**os.environ, "PYTHONPATH": str(root / "operator"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "agentops_operator.generate", "--root", str(root)]
    subprocess.run(command, cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL)


def _digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


@click.command()
@click.option("--root", type=click.Path(file_okay=False, exists=True, path_type=Path), default=REPOSITORY, help="Repository.")
def main(root: Path) -> None:
    """Fail when a generated file is stale, or is not committed."""
    problems = [
        *(f"{name}: differs from what `make generate` writes" for name in changed(root)),
        *(f"{name}: is generated but not committed" for name in untracked(root)),
    ]
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
