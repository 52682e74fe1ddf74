"""A local base image, for machines where no image registry answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devcluster.buildah import buildah
from devcluster.commands import run, succeeds
from devcluster.locking import only_one
from devcluster.packages import IMAGES, install, require_root
from devcluster.paths import cache_root
from devcluster.progress import step

if TYPE_CHECKING:
    from pathlib import Path

SUITE = "bookworm"
NAME = f"localhost/agentops-base:{SUITE}"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
# Documentation and translations are a fifth of the size and nothing reads them.
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


def ensure() -> str:
    """Return the name of the base image, built when it is not there."""
    install(IMAGES)
    with only_one(cache_root() / "locks" / "base", "the base image"):
        if not succeeds([*buildah(), "inspect", "--type", "image", NAME]):
            require_root()
            _create()
    return NAME


def command(target: Path) -> list[str]:
    """Return the command line that makes a Debian root."""
    left_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    return ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", *left_out, SUITE, str(target)]


def _create() -> None:
    directory = cache_root() / "base"
    directory.mkdir(parents=True, exist_ok=True)
    root = directory / "root.tar"
    with step(f"making the base image {NAME} (Debian {SUITE} with {', '.join(PACKAGES)})"):
        run(command(root))
        (directory / "Dockerfile").write_text("FROM scratch\nADD root.tar /\n")
        run([*buildah(), "build", "--isolation", "chroot", "--tag", NAME, str(directory)])
        root.unlink()
