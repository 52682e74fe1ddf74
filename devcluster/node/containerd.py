"""The container runtime, with every file of its own below the state directory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from devcluster import processes
from devcluster.commands import run, succeeds
from devcluster.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.node.layout import Node
    from devcluster.paths import Cluster

PAUSE_IMAGE = "localhost/agentops-pause:1"
PLUGINS = "/usr/lib/cni"


def start(node: Node) -> None:
    """Start containerd and wait for its socket."""
    root = node.cluster.containerd
    (root / "cni").mkdir(parents=True, exist_ok=True)
    (root / "cni" / "10-pods.conflist").write_text(json.dumps(pod_network(node)))
    file = node.write("containerd.toml", config(node))
    processes.start(node.cluster, "containerd", node.inside("containerd", "--config", file))
    ready = [*client(node.cluster), "version"]
    hint = f"See {node.cluster.logs / 'containerd.log'}"
    wait_until(lambda: succeeds(ready), "the container runtime answers", 30, hint)


def client(cluster: Cluster) -> list[str]:
    """Return the command line of containerd's client, for the images that the kubelet sees."""
    return ["ctr", "--address", str(cluster.socket), "--namespace", "k8s.io"]


def load(node: Node, archive: Path) -> None:
    """Import an image archive into the node."""
    run([*client(node.cluster), "images", "import", archive])


def config(node: Node) -> str:
    """Return containerd's configuration."""
    root = node.cluster.containerd
    return f"""version = 2
root = "{root}/root"
state = "{root}/state"
oom_score = 0
[grpc]
  address = "{node.cluster.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{root}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # Else each pod's network namespace is a name in /run/netns that a killed node leaves behind.
  netns_mounts_under_state_dir = true
  # Without CAP_SYS_RESOURCE each pod fails: "can't get final child's PID from pipe: EOF".
  restrict_oom_score_adj = true
  # An image is unpacked once; the compressed layers are of no further use on a node that pulls nothing.
  [plugins."io.containerd.grpc.v1.cri".containerd]
    discard_unpacked_layers = true
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "{root}/runc"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{PLUGINS}"
    conf_dir = "{root}/cni"
"""


def pod_network(node: Node) -> dict[str, object]:
    """Return the pod network: every pod has its own link to the node and is routed.

    On a shared bridge the answer of a pod behind a Service goes to its neighbour
    directly, past the address translation, and the connection hangs.
    """
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": node.subnet.pods}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(node.cluster.containerd / "addresses"),
    }
    return {
        "cniVersion": "1.0.0",
        "name": node.cluster.network_namespace,
        "plugins": [{"type": "ptp", "ipMasq": False, "ipam": addresses}],
    }
