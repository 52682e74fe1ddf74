"""Remove a cluster and every trace of it, also after its programs were killed."""

from __future__ import annotations

import shutil

from devcluster import buildah, leftovers, processes, record
from devcluster.commands import run
from devcluster.locking import only_one
from devcluster.node import cgroups, kernel, network
from devcluster.packages import require_root
from devcluster.paths import Cluster, cache_root
from devcluster.progress import say, step
from devcluster.waiting import wait_until

ORDER = (
    # First what starts containers again, last what the others still write to.
    ("kubelet",),
    ("containerd",),
    ("network-policy", "kube-proxy", "kube-scheduler", "kube-controller-manager"),
    ("kube-apiserver",),
    ("etcd",),
)


def down(name: str) -> None:
    """Remove the cluster with this name; without one there is nothing to do."""
    cluster = Cluster(name)
    with only_one(cache_root() / "locks" / f"cluster-{name}", f"cluster {name}"):
        remove(cluster)
    buildah.remove_unfinished()


def remove(cluster: Cluster) -> None:
    """Remove the cluster whose lock we hold."""
    decided = record.read(cluster)
    if decided is None:
        say(f"cluster {cluster.name} is not there")
        return
    with step(f"removing cluster {cluster.name}"):
        if decided.layer == record.KIND:
            run(["kind", "delete", "cluster", "--name", cluster.name])
        elif decided.layer == record.OWN:
            _remove_node(cluster)
        shutil.rmtree(cluster.state)


def _remove_node(cluster: Cluster) -> None:
    require_root()
    _stop(cluster, ORDER[0])
    _kill_pods(cluster)
    for names in ORDER[1:]:
        _stop(cluster, names)
    leftovers.unmount(cluster)
    network.remove(cluster)
    cgroups.remove(cluster.cgroup)
    leftovers.delete_files(cluster)
    kernel.restore(cluster)


def _stop(cluster: Cluster, names: tuple[str, ...]) -> None:
    processes.stop([process for process in processes.recorded(cluster) if process.name in names])


def _kill_pods(cluster: Cluster) -> None:
    def gone() -> bool:
        cgroups.kill(cluster.cgroup)
        leftovers.kill_shims(cluster)
        return not cgroups.processes(cluster.cgroup)

    wait_until(gone, "the containers have ended", 20)
