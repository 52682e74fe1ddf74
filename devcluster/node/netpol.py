"""Enforces NetworkPolicies on the node, while it is switched on; the pod network itself enforces none."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from devcluster import processes
from devcluster.binaries import NETWORK_POLICY
from devcluster.build import build
from devcluster.node.layout import Node, Subnet
from devcluster.packages import install
from devcluster.record import node_ip

if TYPE_CHECKING:
    from devcluster.paths import Cluster

PACKAGES = {"iptables": "iptables", "ipset": "ipset"}
"""Program -> Debian package. All its rules are in the node's network namespace."""


def start(cluster: Cluster) -> None:
    """Begin to enforce; nothing changes when that is so already."""
    if any(process.alive() for process in _running(cluster)):
        return
    install(PACKAGES)
    build((NETWORK_POLICY,))
    node = _node(cluster)
    processes.start(cluster, NETWORK_POLICY.name, node.inside(NETWORK_POLICY.path(), *arguments(node)))


def stop(cluster: Cluster) -> None:
    """Stop enforcing: the program takes its rules away at its end."""
    found = _running(cluster)
    processes.stop(found, seconds=20.0)
    for process in found:
        processes.forget(cluster, process)


def arguments(node: Node) -> list[str]:
    """Return the arguments of the program."""
    return [
        f"--kubeconfig={node.cluster.kubeconfig}",
        f"--node={node.cluster.node_name}",
        f"--services={node.subnet.services}",
    ]


def _running(cluster: Cluster) -> list[processes.Process]:
    return [process for process in processes.recorded(cluster) if process.name == NETWORK_POLICY.name]


def _node(cluster: Cluster) -> Node:
    return Node(cluster, Subnet(ipaddress.ip_address(node_ip(cluster)).packed[1]))
