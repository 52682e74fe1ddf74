"""Which cluster to use: the user's, one of kind, or our own node; the first that is possible."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import docker, record
from devcluster.build import build
from devcluster.commands import run, succeeds
from devcluster.errors import DevclusterError
from devcluster.node import boot, network
from devcluster.packages import require_root
from devcluster.progress import say, step

if TYPE_CHECKING:
    from devcluster.paths import Cluster

VARIABLE = "AGENTOPS_KUBECONFIG"


def named_file(kubeconfig: str | None) -> Path | None:
    """Return the kubeconfig that the user named for us, if any."""
    name = kubeconfig or os.environ.get(VARIABLE)
    return Path(name).expanduser().resolve() if name else None


def refuse_another(cluster: Cluster, kubeconfig: str | None) -> None:
    """Raise when the user names a cluster and this name already stands for another one."""
    given = named_file(kubeconfig)
    if given and cluster.record.exists() and cluster.kubeconfig.resolve() != given:
        raise DevclusterError(f"{cluster.name} is another cluster already: choose a --name, or `down` it first")


def choose(given: Path | None, docker_answers: bool, kind_installed: bool) -> str:
    """Return the layer; never a kubeconfig that the user has not named for us."""
    if given:
        return record.GIVEN
    return record.KIND if docker_answers and kind_installed else record.OWN


def start(cluster: Cluster, kubeconfig: str | None) -> None:
    """Start the first layer that is possible."""
    given = named_file(kubeconfig)
    layer = choose(given, docker.answers(), succeeds(["kind", "version"]))
    if given:
        _use_given(cluster, given)
    elif layer == record.KIND:
        _start_kind(cluster)
    else:
        _start_own(cluster)


def _use_given(cluster: Cluster, file: Path) -> None:
    say(f"using the cluster of {file}: named by --kubeconfig or {VARIABLE}")
    if not file.is_file():
        raise DevclusterError(f"{file} does not exist")
    record.write(cluster, record.Record(record.GIVEN))
    cluster.kubeconfig.symlink_to(file)
    build()
    if not boot.node_ready(cluster):
        raise DevclusterError(f"the cluster of {file} does not answer, or has no node that is ready")


def _start_kind(cluster: Cluster) -> None:
    record.write(cluster, record.Record(record.KIND))
    with step("starting a cluster with kind: a Docker engine answers"):
        run(["kind", "create", "cluster", "--name", cluster.name, "--kubeconfig", cluster.kubeconfig, "--wait", "120s"])


def _start_own(cluster: Cluster) -> None:
    say("starting our own single node: no kubeconfig was named, and no Docker engine with kind answers")
    require_root()
    network.refuse_taken(cluster)
    # Written before the start, so that `down` cleans up a failed one; but after the check above,
    # because a record says that namespace and cgroup of this name are ours to remove.
    record.write(cluster, record.Record(record.OWN))
    node = boot.boot(cluster)
    record.write(cluster, record.Record(record.OWN, node.subnet.node))
