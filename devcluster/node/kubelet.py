"""The kubelet: runs the pods below its own cgroup and its own directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devcluster import processes
from devcluster.node import cgroups, kubeconfig
from devcluster.node.layout import DOMAIN

if TYPE_CHECKING:
    from devcluster.node.layout import Node


def start(node: Node) -> None:
    """Create the pods' cgroup and start the kubelet."""
    cgroups.create(node.cluster.cgroup)
    kubeconfig.write(node, "kubelet", node.cluster.config / "kubelet.kubeconfig")
    node.write("resolv.conf", f"nameserver {node.subnet.dns}\n")
    node.write("kubelet.json", config(node))
    processes.start(node.cluster, "kubelet", node.inside(node.program("kubelet"), *arguments(node)))


def arguments(node: Node) -> list[str]:
    """Return the arguments that have no place in the configuration file."""
    return [
        f"--config={node.cluster.config / 'kubelet.json'}",
        f"--kubeconfig={node.cluster.config / 'kubelet.kubeconfig'}",
        f"--hostname-override={node.cluster.node_name}",
        f"--root-dir={node.cluster.kubelet}",
        f"--cert-dir={node.cluster.pki / 'kubelet'}",
        # Found by itself it would be a loopback address, which the kubelet refuses.
        f"--node-ip={node.subnet.node}",
    ]


def config(node: Node) -> dict[str, object]:
    """Return the kubelet's configuration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(node.cluster.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{node.cluster.socket}",
        "clusterDNS": [node.subnet.dns],
        "clusterDomain": DOMAIN,
        "resolvConf": str(node.cluster.config / "resolv.conf"),
        "podLogsDir": str(node.cluster.logs / "pods"),
        "volumePluginDir": str(node.cluster.kubelet / "plugins-exec"),
        **_resources(node),
    }


def _resources(node: Node) -> dict[str, object]:
    return {
        "cgroupDriver": "cgroupfs",
        # Pods below one cgroup of ours: `down` finds all their processes there.
        "cgroupRoot": node.cluster.cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        "maxPods": 250,
        # A developer's full disk must not evict the pods under test.
        "evictionHard": {},
        # Loaded images cannot be pulled again: never collect them.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        # A changed ConfigMap reaches the pods in 10 s instead of 60 to 90.
        "syncFrequency": "10s",
        "serializeImagePulls": False,
    }
