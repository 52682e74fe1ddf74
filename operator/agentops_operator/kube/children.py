"""Naming and stamping of the objects that the operator applies."""

from collections.abc import Mapping
from typing import Any

from agentops_operator.kube.digest import short
from agentops_operator.kube.names import LABEL_AGENT, LABEL_MANAGED_BY, MANAGED_BY

NAME_LIMIT = 63  # a label value and a Service name hold no more, so no child is longer


def child_name(owner: str, suffix: str, *more: str, limit: int = NAME_LIMIT) -> str:
    """`<owner>-<suffix>-<hash8>`, cut to fit; the hash keeps cut names apart.

    Args:
        owner: name that people know it by; it is cut when there is no room.
        suffix: what the child is.
        more: what tells children of one owner apart and is not part of the readable name.
        limit: the longest name that the child's kind allows.
    """
    tail = f"-{suffix}-{short([owner, suffix, *more])}"
    return owner[: limit - len(tail)].rstrip("-.") + tail


def owner_reference(api_version: str, kind: str, name: str, uid: str) -> dict[str, Any]:
    """An owner that garbage collection follows; not blocking, so that deleting the owner needs no finalizer."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def stamp(
    obj: dict[str, Any], namespace: str, owner: dict[str, Any] | None, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The object with namespace, owner and our labels; user labels and annotations are never copied to children."""
    metadata = {
        **obj.get("metadata", {}),
        "namespace": namespace,
        "labels": {**obj.get("metadata", {}).get("labels", {}), LABEL_MANAGED_BY: MANAGED_BY, **(labels or {})},
    }
    if owner is not None:
        metadata["ownerReferences"] = [owner]
    return {**obj, "metadata": metadata}


def agent_labels(agent: str) -> dict[str, str]:
    """The label that finds all children of an Agent; long names are replaced by their hash, as values hold 63."""
    return {LABEL_AGENT: agent if len(agent) <= NAME_LIMIT else short(agent)}
