"""Start the node: what is needed first is built first, the rest is built while it boots."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from devcluster import base_image, oci
from devcluster.binaries import PROGRAMS, bin_dir
from devcluster.build import build, missing
from devcluster.commands import run, succeeds
from devcluster.errors import DevclusterError
from devcluster.node import certificates, containerd, controlplane, dns, kernel, kubeconfig, kubelet, network, proxy
from devcluster.packages import NODE, install
from devcluster.progress import say, step
from devcluster.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.node.layout import Node
    from devcluster.paths import Cluster

FIRST = tuple(program for program in PROGRAMS if program.name in {"kubernetes", "etcd", "pause"})


def boot(cluster: Cluster) -> Node:
    """Build what is missing and start every program of the node."""
    _prepare()
    cluster.state.mkdir(parents=True, exist_ok=True)
    kernel.tune(cluster)
    node = network.take(cluster)
    with step(f"starting the control plane at {node.server}"):
        certificates.create(node)
        kubeconfig.write(node, "admin", cluster.kubeconfig)
        controlplane.start_api(node)
        _start_runtime(node)
        wait_until(lambda: _api_ready(node), "the API server is ready", 90, f"See {cluster.apiserver_log}", 0.3)
        controlplane.start_controllers(node)
    _start_dns(node)
    with step("waiting for the node and for cluster DNS"):
        wait_until(lambda: node_ready(cluster), "the node is ready", 120, f"See {cluster.logs / 'kubelet.log'}", 0.5)
        _wait_for_dns(node)
    return node


def node_ready(cluster: Cluster) -> bool:
    """Whether the API server says that a node is ready."""
    try:
        nodes = json.loads(run([*kubectl(cluster), "get", "nodes", "-o", "json"]))["items"]
    except DevclusterError:
        return False
    conditions = [condition for node in nodes for condition in node["status"].get("conditions", [])]
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def kubectl(cluster: Cluster) -> list[str | Path]:
    """Return the command line of kubectl for this cluster."""
    return [bin_dir() / "kubectl", f"--kubeconfig={cluster.kubeconfig}", "--request-timeout=10s"]


def _prepare() -> None:
    # Downloads and installations need no processor: they run beside the compiler.
    cold = bool(missing(FIRST))
    with ThreadPoolExecutor(1) as beside:
        packages = beside.submit(install, NODE)
        if cold:
            beside.submit(_base_image)
        build(FIRST)
        packages.result()


def _base_image() -> None:
    try:
        base_image.ensure()
    except DevclusterError as error:
        # A cluster without images of ours is still of use; `image build` will say it again.
        say(f"no local base image: {error}")


def _start_runtime(node: Node) -> None:
    containerd.start(node)
    _load_program(node, "pause", containerd.PAUSE_IMAGE)
    kubelet.start(node)
    proxy.start(node)


def _start_dns(node: Node) -> None:
    build()
    with step("starting cluster DNS"):
        _load_program(node, "coredns", dns.IMAGE)
        dns.start(node)


def _load_program(node: Node, program: str, reference: str) -> None:
    archive = node.cluster.state / "images" / f"{program}.tar"
    oci.write_image(archive, reference, node.program(program))
    containerd.load(node, archive)
    archive.unlink()


def _api_ready(node: Node) -> bool:
    return succeeds([*kubectl(node.cluster), "get", "--raw", "/readyz"])


def _wait_for_dns(node: Node) -> None:
    run([*kubectl(node.cluster), "-n", "kube-system", "wait", "--for=condition=Available", "deployment/coredns",
         "--timeout=60s"])  # fmt: skip
