"""The node's own network: one namespace, one veth pair, routes to pods and Services.

Bridges, packet filter rules and ports of the node never touch the host.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.locking import only_one
from devcluster.node.layout import Node, free_subnet

if TYPE_CHECKING:
    from devcluster.paths import Cluster

NAMESPACES = Path("/run/netns")
# Of the machine, not of a cache: clusters of several users share the host's routes.
LOCK = Path("/run/lock/agentops-devcluster-network")


def device(cluster: Cluster) -> str:
    """Return the name of the host side of the veth pair."""
    # The kernel allows 15 characters; the hash keeps two clusters apart.
    return "ao-" + hashlib.sha256(cluster.name.encode()).hexdigest()[:8]


def take(cluster: Cluster) -> Node:
    """Choose a free subnet and make the network of a node in it."""
    # A subnet is taken once its routes stand: two clusters that start together would choose the same one.
    with only_one(LOCK, "the network of another cluster"):
        node = Node(cluster, free_subnet(used_networks()))
        create(node)
    return node


def create(node: Node) -> None:
    """Create the namespace and the veth pair, and route pods and Services to it."""
    run(["ip", "netns", "add", node.cluster.network_namespace])
    for line in host_commands(node):
        run(line.split())
    for line in node_commands(node):
        run(node.inside(*line.split()))
    run(node.inside("sysctl", "-qw", *SYSCTLS))


SYSCTLS = (
    # Pods reach each other and the host only through the node.
    "net.ipv4.ip_forward=1",
    # kube-proxy answers for Service addresses that no device has.
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
)


def refuse_taken(cluster: Cluster) -> None:
    """Raise when a cluster of this name runs that is not in our state directory."""
    if Path(NAMESPACES, cluster.network_namespace).exists():
        raise DevclusterError(
            f"a cluster named {cluster.name} runs on this machine that {cluster.state} knows nothing about: "
            "another user's, or one whose state directory was deleted. Choose another --name"
        )


def host_commands(node: Node) -> list[str]:
    """Return the commands for the host side."""
    subnet, name = node.subnet, device(node.cluster)
    return [
        f"ip link add {name} type veth peer name eth0 netns {node.cluster.network_namespace}",
        f"ip address add {subnet.host}/30 dev {name}",
        f"ip link set {name} up",
        f"ip route add {subnet.pods} via {subnet.node}",
        f"ip route add {subnet.services} via {subnet.node}",
    ]


def node_commands(node: Node) -> list[str]:
    """Return the commands for the node side."""
    return [
        "ip link set lo up",
        f"ip address add {node.subnet.node}/30 dev eth0",
        "ip link set eth0 up",
        # The kubelet and the API server refuse to start without a default route.
        f"ip route add default via {node.subnet.host}",
    ]


def remove(cluster: Cluster) -> None:
    """Remove the namespace and with it the veth pair and the host's routes."""
    name = device(cluster)
    if Path("/sys/class/net", name).exists():
        run(["ip", "link", "delete", name])
    if Path(NAMESPACES, cluster.network_namespace).exists():
        run(["ip", "netns", "delete", cluster.network_namespace])


def used_networks() -> list[str]:
    """Return the networks the host has routes to."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]))
    return [route["dst"] for route in routes if route["dst"] != "default"]
