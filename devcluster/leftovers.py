"""What a node leaves outside its processes: mounts, shims, and a few files in shared directories."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.commands import run
from devcluster.errors import DevclusterError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from devcluster.paths import Cluster

SHIM = "containerd-shim-runc-v2"
CNI_RESULTS = Path("/var/lib/cni/results")
LOG_LINKS = Path("/var/log/containers")
SHARED = tuple(
    Path(name)
    for name in (
        "/var/lib/cni/results",
        "/var/lib/cni",
        "/var/log/containers",
        "/var/lib/kubelet/device-plugins",
        "/var/lib/kubelet",
        "/run/containerd/s",
        "/run/containerd",
    )
)
"""Directories that kubelet, containerd and the network plugins create whatever their configuration says."""


def unmount(cluster: Cluster) -> None:
    """Unmount everything below the state directory."""
    points = mounts_below(cluster.state, Path("/proc/self/mountinfo").read_text().splitlines())
    if points:
        run(["umount", *points])
    left = mounts_below(cluster.state, Path("/proc/self/mountinfo").read_text().splitlines())
    if left:
        # Deleting the state directory now would delete what is mounted there, for example a hostPath.
        raise DevclusterError(f"still mounted: {' '.join(left)}; nothing was deleted")


def mounts_below(directory: Path, mountinfo: Iterable[str]) -> list[str]:
    """Return the mount points below a directory, the innermost and latest first."""
    points = [line.split()[4].encode().decode("unicode_escape") for line in mountinfo]
    return [point for point in reversed(points) if point.startswith(f"{directory}/")]


def kill_shims(cluster: Cluster) -> None:
    """Kill the containers' parents, which containerd leaves running: only those that name our socket."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if is_shim((entry / "cmdline").read_bytes(), cluster.socket):
                os.kill(int(entry.name), signal.SIGKILL)


def is_shim(command_line: bytes, socket: Path) -> bool:
    """Whether a process is a shim of the containerd at this socket."""
    words = command_line.decode(errors="replace").split("\0")
    return Path(words[0]).name == SHIM and str(socket) in words


def delete_files(cluster: Cluster) -> None:
    """Delete our files in directories that other programs share."""
    for file in _shim_sockets(cluster):
        file.unlink(missing_ok=True)
    for file in CNI_RESULTS.glob("*"):
        # Each result names the pod's network namespace, which lies below our state directory.
        if f"{cluster.state}/" in file.read_text(errors="replace"):
            file.unlink()
    for link in LOG_LINKS.glob("*"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{cluster.state}/"):
            link.unlink()
    for directory in SHARED:
        # Only when it is empty, and so nobody's.
        with contextlib.suppress(OSError):
            directory.rmdir()


def _shim_sockets(cluster: Cluster) -> list[Path]:
    # A shim listens in /run/containerd/s under a hash; its bundle says which.
    files = cluster.containerd.glob("state/io.containerd.runtime.v2.task/*/*/address")
    return [Path(file.read_text().removeprefix("unix://")) for file in files]
