"""A real single-node Kubernetes for the demo and the tests, built from pinned Go modules.

The whole public interface: where a cluster keeps its files, and a call that makes sure it runs.
"""

from devcluster.binaries import bin_dir
from devcluster.paths import Cluster
from devcluster.record import node_ip
from devcluster.up import ensure_up

__all__ = ["Cluster", "bin_dir", "ensure_up", "node_ip"]
