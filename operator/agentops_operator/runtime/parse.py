"""From the body that a watch delivers to a typed, frozen value; what cannot be read becomes Invalid, never an exception."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from agentops_operator.agent.facts import Invalid, Key, Pod, Resource
from agentops_operator.agent.match import controllers
from agentops_operator.api.kind import KindInfo
from agentops_operator.kube.names import (
    ANNOTATION_AGENT,
    ANNOTATION_BYPASS,
    ANNOTATION_BYPASS_MODELS,
    ANNOTATION_GATEWAY,
    ANNOTATION_SIDECAR,
    ANNOTATION_SKIPPED,
)

VALUE_SHOWN = 80
MENDS = {
    "extra_forbidden": "remove it, or upgrade the operator if a newer version knows it",
    "missing": "give it a value",
    "none_required": "remove it",
}


def key_of(kind: str, body: Mapping[str, Any]) -> Key:
    """Key of an object."""
    metadata = body["metadata"]
    return Key(kind, sys.intern(metadata.get("namespace", "")), sys.intern(metadata["name"]))


def parse(info: KindInfo, body: Mapping[str, Any], known: Resource[Any] | Invalid | None = None) -> Resource[Any] | Invalid:
    """One custom resource, typed; the spec is read once a generation, for which the version known before is given."""
    metadata = body["metadata"]
    key, uid = known.key if known else key_of(info.kind, body), metadata.get("uid", "")
    generation, created = metadata.get("generation", 0), sys.intern(metadata.get("creationTimestamp", ""))
    status = slim(body.get("status") or {})
    if isinstance(known, Resource) and (known.uid, known.generation) == (uid, generation):
        return replace(known, labels=labels_of(metadata), status=status)
    if info.spec is None:
        return Invalid(key, uid, generation, created, f"{info.kind} has no spec", status)
    try:
        spec = info.spec.model_validate(dict(body.get("spec") or {}))
    except ValidationError as error:
        return Invalid(key, uid, generation, created, explain(error), status)
    return Resource(key, uid, generation, created, spec, labels=labels_of(metadata), status=status)


def slim(value: Any) -> Any:
    """A JSON value in which each text is kept once: statuses of thousands of objects differ in a few words."""
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, Mapping):
        return {sys.intern(name): slim(item) for name, item in value.items()}
    if isinstance(value, list):
        return [slim(item) for item in value]
    return value


def explain(error: ValidationError) -> str:
    """One message for all faults, each with its field, its value and the mend."""
    return "; ".join(_fault(dict(fault)) for fault in error.errors(include_url=False))


def _fault(fault: dict[str, Any]) -> str:
    field = "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    mend = MENDS.get(fault["type"]) or fault["msg"][:1].lower() + fault["msg"][1:]
    if fault["type"] == "missing":
        return f"{field} is missing: {mend}"
    if fault["type"] == "extra_forbidden":
        return f"{field} is not known to this version: {mend}"
    value = repr(fault["input"])
    shown = value if len(value) <= VALUE_SHOWN else value[:VALUE_SHOWN] + "…"
    return f"{field} is {shown}: {mend}"


def parse_pod(body: Mapping[str, Any]) -> Pod:
    """A pod from its metadata alone."""
    metadata = body["metadata"]
    notes = metadata.get("annotations") or {}
    owners = metadata.get("ownerReferences") or []
    return Pod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        labels=labels_of(metadata),
        owners=tuple((sys.intern(kind), sys.intern(name)) for kind, name in controllers(owners)),
        agent=notes.get(ANNOTATION_AGENT, ""),
        sidecar=sys.intern(notes.get(ANNOTATION_SIDECAR, "")),
        gateway=sys.intern(notes.get(ANNOTATION_GATEWAY, "")),
        bypass=_listed(notes.get(ANNOTATION_BYPASS, "")),
        bypass_models=_listed(notes.get(ANNOTATION_BYPASS_MODELS, "")),
        skipped=sys.intern(notes.get(ANNOTATION_SKIPPED, "")),
        terminating="deletionTimestamp" in metadata,
        created=metadata.get("creationTimestamp") or "",
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def labels_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Labels; thousands of pods share the same few texts, so each text is kept once."""
    return {sys.intern(str(key)): sys.intern(str(value)) for key, value in (metadata.get("labels") or {}).items()}
