"""What runs, in which version, and whether it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devcluster import processes, record
from devcluster.binaries import PROGRAMS, version
from devcluster.build import missing
from devcluster.node import boot

if TYPE_CHECKING:
    from devcluster.paths import Cluster


def ready(cluster: Cluster) -> bool:
    """Whether every process runs and the API server says that the node is ready."""
    kubectl_built = not missing([program for program in PROGRAMS if "kubectl" in program.links])
    return bool(record.read(cluster)) and not processes.dead(cluster) and kubectl_built and boot.node_ready(cluster)


def report(cluster: Cluster) -> list[str]:
    """Return the lines of `status`."""
    decided = record.read(cluster)
    if decided is None:
        return [f"cluster {cluster.name}: not started", *_versions()]
    return [
        f"cluster {cluster.name}: {'ready' if ready(cluster) else 'NOT ready'} ({decided.layer})",
        f"kubeconfig: {cluster.kubeconfig}",
        *([f"address: {decided.address}"] if decided.address else []),
        *_processes(cluster),
        *_versions(),
    ]


def _processes(cluster: Cluster) -> list[str]:
    running = processes.recorded(cluster)
    return [f"  {process.name}: {'pid ' + str(process.pid) if process.alive() else 'DEAD'}" for process in running]


def _versions() -> list[str]:
    absent = missing()
    lines = []
    for program in PROGRAMS:
        number = f" {version(program.module)}" if program.module else ""
        lines.append(f"  {program.name}{number}: {'not built' if program in absent else 'built'}")
    return ["programs:", *lines]
