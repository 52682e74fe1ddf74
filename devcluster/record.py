"""What `up` decided for one cluster, kept for the commands that follow."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError

if TYPE_CHECKING:
    from devcluster.paths import Cluster

OWN, KIND, GIVEN = "own-node", "kind", "given-kubeconfig"


@dataclass(frozen=True)
class Record:
    """The decision of `up`."""

    layer: str
    """Who runs the cluster: this tool, kind, or the user."""
    address: str = ""
    """Address of the own node."""


def read(cluster: Cluster) -> Record | None:
    """Return the decision, or nothing when `up` has not run."""
    if not cluster.record.exists():
        return None
    return Record(**json.loads(cluster.record.read_text()))


def node_ip(cluster: Cluster) -> str:
    """Return the address of our own node, where its API server and its node ports listen."""
    decided = read(cluster)
    if decided is None or not decided.address:
        raise DevclusterError(f"cluster {cluster.name} is no running node of ours")
    return decided.address


def write(cluster: Cluster, record: Record) -> None:
    """Keep the decision."""
    cluster.state.mkdir(parents=True, exist_ok=True)
    cluster.record.write_text(json.dumps(asdict(record)))
