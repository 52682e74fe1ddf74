"""Live objects, as slim as a comparison with the desired ones allows."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.kube.digest import digest
from agentops_operator.kube.names import LABEL_MANAGED_BY, MANAGED_BY
from agentops_operator.runtime.objects import Ref, ref_of

LONG_TEXT = 64
WHOLE = frozenset({"agents"})  # fields that are replaced as one, and large: a digest says enough
EMPTY: tuple[Any, ...] = (None, {}, [], "")


@dataclass(frozen=True, slots=True)
class Live:
    """An object in the cluster.

    Attributes:
        ref: where it stands.
        uid: its uid.
        version: its resourceVersion.
        labels: its labels.
        owner: uid of its controller, or empty.
        owner_name: name of its controller, or empty.
        content: what the operator may have an opinion on, with long texts replaced by digests; None when only metadata was
            seen, or when `settled` says enough.
        settled: digest of the desired object that this very version is known to fulfil; empty when none is.
    """

    ref: Ref
    uid: str
    version: str
    labels: Mapping[str, str]
    owner: str
    owner_name: str
    content: dict[str, Any] | None
    settled: str = ""


def live(obj: Mapping[str, Any], api_version: str, kind: str, *, whole: bool = True, settled: str = "") -> Live:
    """The slim form of an object; list items carry no kind, so it is given.

    Args:
        obj: the object, or its metadata.
        api_version: its API version.
        kind: its kind.
        whole: whether `obj` is more than metadata, and its content is wanted.
        settled: see `Live`.
    """
    metadata = obj["metadata"]
    owner: Mapping[str, str] = next((one for one in metadata.get("ownerReferences") or () if one.get("controller")), {})
    return Live(
        ref=ref_of({"apiVersion": api_version, "kind": kind, "metadata": metadata}),
        uid=metadata.get("uid", ""),
        version=metadata.get("resourceVersion", ""),
        labels={sys.intern(name): sys.intern(value) for name, value in (metadata.get("labels") or {}).items()},
        owner=owner.get("uid", ""),
        owner_name=owner.get("name", ""),
        content=content(obj) if whole else None,
        settled=settled,
    )


def content(obj: Mapping[str, Any]) -> dict[str, Any]:
    """What of an object the operator may have an opinion on."""
    metadata = obj["metadata"]
    kept = {name: metadata[name] for name in ("labels", "annotations", "ownerReferences") if name in metadata}
    rest = {name: _slim(name, value) for name, value in obj.items() if name not in ("apiVersion", "kind", "metadata", "status")}
    return {"metadata": _slim("metadata", kept), **rest}


def ours(item: Live) -> bool:
    """Whether the operator applied it; nothing else is ever pruned."""
    return item.labels.get(LABEL_MANAGED_BY) == MANAGED_BY


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
