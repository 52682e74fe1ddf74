"""Kubeconfig files, with everything embedded so that they can be copied."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.node.layout import Node


def render(node: Node, identity: str) -> dict[str, object]:
    """Return the kubeconfig of one client certificate."""
    name = node.cluster.network_namespace
    cluster = {"server": node.server, "certificate-authority-data": _embedded(node.cluster.pki / "ca.crt")}
    user = {
        "client-certificate-data": _embedded(node.cluster.pki / f"{identity}.crt"),
        "client-key-data": _embedded(node.cluster.pki / f"{identity}.key"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": identity, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": identity}}],
        "current-context": name,
    }


def write(node: Node, identity: str, path: Path) -> Path:
    """Write the kubeconfig of one client; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(render(node, identity), indent=1))
    return path


def _embedded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
