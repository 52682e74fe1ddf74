"""kube-proxy: makes Service addresses work inside the node's namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devcluster import processes
from devcluster.node import kubeconfig

if TYPE_CHECKING:
    from devcluster.node.layout import Node


def start(node: Node) -> None:
    """Start kube-proxy."""
    kubeconfig.write(node, "proxy", node.cluster.config / "proxy.kubeconfig")
    file = node.write("proxy.json", config(node))
    processes.start(node.cluster, "kube-proxy", node.inside(node.program("kube-proxy"), f"--config={file}"))


def config(node: Node) -> dict[str, object]:
    """Return kube-proxy's configuration."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(node.cluster.config / "proxy.kubeconfig")},
        "hostnameOverride": node.cluster.node_name,
        "clusterCIDR": node.subnet.pods,
        # The limit is the host's and cannot be set from another network namespace: the proxy would exit.
        "conntrack": {"maxPerCore": 0},
        # The default of 1 s between syncs is most of the wait for a new endpoint.
        "nftables": {"minSyncPeriod": "200ms"},
    }
