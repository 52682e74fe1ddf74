"""Bodies as a watch delivers them."""

from typing import Any

from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import ANNOTATION_AGENT, ANNOTATION_SIDECAR

CREATED = "2026-11-23T09:00:00Z"


def body(kind: str, name: str, namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    """A custom resource; `labels`, `uid`, `generation` and `created` go to its metadata."""
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": fields.pop("uid", f"{kind}-{namespace}-{name}".lower()),
        "generation": fields.pop("generation", 1),
        "creationTimestamp": fields.pop("created", CREATED),
        "labels": fields.pop("labels", {}),
        "resourceVersion": "1",
    }
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, **fields}


def agent_body(name: str = "billing", namespace: str = "shop", app: str = "", **fields: Any) -> dict[str, Any]:
    """An Agent that selects `app=<name>`."""
    spec = fields.pop("spec", {"podSelector": {"matchLabels": {"app": app or name}}})
    return body("Agent", name, namespace, spec=spec, **fields)


def masking_body(name: str = "mask", namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    """A MaskingPolicy that binds every Agent of its namespace."""
    return body("MaskingPolicy", name, namespace, spec=fields.pop("spec", {"packs": [{"name": "Email"}]}), **fields)


def pod_body(name: str, namespace: str = "shop", app: str = "billing", agent: str = "", **metadata: Any) -> dict[str, Any]:
    """Metadata of a pod; with `agent`, one that carries the sidecar."""
    notes = {ANNOTATION_AGENT: agent, ANNOTATION_SIDECAR: "0.1.0"} if agent else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"pod-{namespace}-{name}",
            "labels": {"app": app},
            "annotations": notes,
            "resourceVersion": "1",
            **metadata,
        },
    }
