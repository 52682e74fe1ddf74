"""Programs that come from the distribution: named first, then installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.locking import only_one
from devcluster.paths import cache_root
from devcluster.progress import step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NODE = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "nft": "nftables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "nsenter": "util-linux",
    "mount": "mount",
    "openssl": "openssl",
}
"""Program -> Debian package, for the node."""

IMAGES = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}
"""Program -> Debian package, for building images."""

ALTERNATIVE = "Until then there is no local node; what needs no cluster still works: `make test-fast`."


def absent(needed: Mapping[str, str], exists: Callable[[str], bool] | None = None) -> list[str]:
    """Return the packages whose program is not on this machine."""
    found = exists or _exists
    return sorted({package for program, package in needed.items() if not found(program)})


def install(needed: Mapping[str, str]) -> None:
    """Install what is absent, or say what has to be installed by hand."""
    if not absent(needed):
        return
    with only_one(cache_root() / "locks" / "packages", "installing packages"):
        packages = absent(needed)
        if packages:
            _require_apt(packages)
            _apt(packages)


def require_root() -> None:
    """Raise unless we may create network namespaces and cgroups."""
    if os.geteuid() != 0:
        raise DevclusterError(f"the local node needs root (network namespaces, cgroups, mounts). {ALTERNATIVE}")


def _exists(program: str) -> bool:
    # /usr/sbin is not on every user's PATH, but nft and ip live there.
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return Path(program).exists() if program.startswith("/") else shutil.which(program, path=path) is not None


def _require_apt(packages: list[str]) -> None:
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise DevclusterError(f"not Debian: install what the packages {names} hold and start again. {ALTERNATIVE}")
    if os.geteuid() != 0:
        raise DevclusterError(f"not root: install {names} (apt-get install {names}) and start again. {ALTERNATIVE}")


def _apt(packages: list[str]) -> None:
    # Offline: the packages' own services are not started, we start ours.
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_OFFLINE": "1"}
    with step(f"installing from Debian: {' '.join(packages)}"):
        run(["apt-get", "update", "-q"], env=env)
        run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], env=env)
