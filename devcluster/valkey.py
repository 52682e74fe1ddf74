"""A real Valkey under the name of Redis, for tests that start `redis-server`: `python -m devcluster.valkey` prints its directory.

Debian 12 has it in its backports only, which are not among a machine's sources; so its two packages are unpacked into the cache
and nothing is installed.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.locking import only_one
from devcluster.packages import install
from devcluster.paths import cache_root
from devcluster.progress import step

PROGRAM = "valkey-server"
PACKAGES = ("valkey-server", "valkey-tools")
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
TARGETS = ("apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)", "Created-By: Packages")


def directory() -> Path:
    """A directory in which `redis-server` is Valkey."""
    place = cache_root() / "valkey"
    link = place / "redis-server"
    with only_one(cache_root() / "locks" / "valkey", "fetching Valkey"):
        if not link.exists():
            place.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(shutil.which(PROGRAM) or _unpacked(place))
    return place


def _unpacked(place: Path) -> Path:
    install({"redis-server": "redis-server"})  # it needs the same libraries
    uri, codename = mirror(run(TARGETS))
    with tempfile.TemporaryDirectory() as name, step("unpacking Valkey from Debian's backports"):
        for package in _downloaded(Path(name), f"deb [signed-by={KEYS}] {uri} {codename}-backports main\n"):
            run(["dpkg", "-x", package, place / "root"])
    return place / "root" / "usr" / "bin" / PROGRAM


def mirror(targets: str) -> tuple[str, str]:
    """Address and name of the Debian release that this machine installs from."""
    for line in targets.splitlines():
        origin, codename, uri = line.split(" ", 2)
        if origin == "Debian" and "-" not in codename and "security" not in uri:
            return uri, codename
    raise DevclusterError(f"{PROGRAM} is not here, and this is no Debian that has it in its backports: install it")


def _downloaded(folder: Path, source: str) -> list[Path]:
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "sources.list").write_text(source)
    names = {"Etc::sourcelist": "sources.list", "State::lists": "lists", "Cache": "cache"}
    options = [word for name, file in names.items() for word in ("-o", f"Dir::{name}={folder / file}")]
    # The sandbox's user cannot write into a directory of ours.
    apt = ["apt-get", "-q", *options, "-o", "Dir::Etc::sourceparts=-", "-o", "APT::Sandbox::User=root"]
    run([*apt, "update"])
    run([*apt, "download", *PACKAGES], cwd=folder)
    return sorted(folder.glob("*.deb"))


if __name__ == "__main__":
    try:
        print(directory())
    except DevclusterError as error:
        print(error, file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
