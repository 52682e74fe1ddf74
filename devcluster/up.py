"""Bring a cluster to ready, from whatever state it is in."""

from __future__ import annotations

from devcluster import layers, record, status, teardown
from devcluster.build import build
from devcluster.locking import only_one
from devcluster.paths import DEFAULT_NAME, Cluster, cache_root
from devcluster.progress import say


def ensure_up(name: str = DEFAULT_NAME, kubeconfig: str | None = None) -> Cluster:
    """Return the cluster, started when it does not run; a second call costs a second."""
    cluster = Cluster(name)
    with only_one(cache_root() / "locks" / f"cluster-{name}", f"cluster {name}"):
        layers.refuse_another(cluster, kubeconfig)
        if status.ready(cluster):
            say(f"cluster {name} is ready already")
        else:
            _start(cluster, kubeconfig)
        build()
    return cluster


def _start(cluster: Cluster, kubeconfig: str | None) -> None:
    if record.read(cluster):
        say(f"cluster {cluster.name} was started before and is not ready: removing it first")
        teardown.remove(cluster)
    layers.start(cluster, kubeconfig)
    say(f"cluster {cluster.name} is ready")
