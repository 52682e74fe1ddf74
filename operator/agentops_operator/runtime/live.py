"""Live objects, as slim as a comparison with the desired ones allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.kube.digest import digest
from agentops_operator.kube.names import LABEL_MANAGED_BY, MANAGED_BY
from agentops_operator.runtime.objects import Ref, ref_of

LONG_TEXT = 64
WHOLE = frozenset({"agents"})  # fields that are replaced as one, and large: a digest says enough
EMPTY: tuple[Any, ...] = (None, {}, [], "")


@dataclass(frozen=True)
class Live:
    """An object in the cluster: identity, version, and its content with long texts replaced by digests."""

    ref: Ref
    uid: str
    version: str
    owner: str  # uid of the controller, or empty
    content: dict[str, Any]


def live(obj: Mapping[str, Any], api_version: str, kind: str) -> Live:
    """The slim form of an object; list items carry no kind, so it is given."""
    metadata = obj["metadata"]
    owners = metadata.get("ownerReferences") or []
    return Live(
        ref=ref_of({"apiVersion": api_version, "kind": kind, "metadata": metadata}),
        uid=metadata.get("uid", ""),
        version=metadata.get("resourceVersion", ""),
        owner=next((owner["uid"] for owner in owners if owner.get("controller")), ""),
        content=content(obj),
    )


def content(obj: Mapping[str, Any]) -> dict[str, Any]:
    """What of an object the operator may have an opinion on."""
    metadata = obj["metadata"]
    kept = {name: metadata[name] for name in ("labels", "annotations", "ownerReferences") if name in metadata}
    rest = {name: _slim(name, value) for name, value in obj.items() if name not in ("apiVersion", "kind", "metadata", "status")}
    return {"metadata": _slim("metadata", kept), **rest}


def ours(item: Live) -> bool:
    """Whether the operator applied it; nothing else is ever pruned."""
    return bool(item.content["metadata"].get("labels", {}).get(LABEL_MANAGED_BY) == MANAGED_BY)


def covers(current: Any, desired: Any) -> bool:
    """Whether every desired field stands in the current object; fields that others added do not matter."""
    if isinstance(desired, dict):
        if not isinstance(current, dict):
            return desired in EMPTY and current in EMPTY
        return all(covers(current.get(name), value) for name, value in desired.items())
    if isinstance(desired, list):
        if not isinstance(current, list):
            return desired in EMPTY and current in EMPTY
        return len(current) == len(desired) and all(map(covers, current, desired))
    return bool(current == desired) or (desired in EMPTY and current in EMPTY)


def _slim(name: str, value: Any) -> Any:
    if name in WHOLE:
        return digest(value)
    if isinstance(value, Mapping):
        return {key: _slim(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_slim("", item) for item in value]
    return digest(value) if isinstance(value, str) and len(value) > LONG_TEXT else value
