"""Security contexts under which our pods pass the Pod Security level `restricted`."""

from typing import Any

USER = 65532
"""Numeric user of our images: `runAsNonRoot` cannot judge a name."""


def pod_security() -> dict[str, Any]:
    """Security context of a pod of ours; `fsGroup` lets its user write to its volumes."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """Security context of a container of ours."""
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
