"""Injection as a function: a pod and the index of its namespace in, a JSON patch out. The twin of the admission policy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agentops_operator.agent.endpoints import astray, foreign
from agentops_operator.agent.index_types import IndexEntry
from agentops_operator.agent.match import controllers, keys_of
from agentops_operator.agent.sidecar import SidecarTemplate, volume
from agentops_operator.agent.skipping import skip_reason
from agentops_operator.agent.variables import added
from agentops_operator.kube.names import (
    ANNOTATION_AGENT,
    ANNOTATION_BYPASS,
    ANNOTATION_BYPASS_MODELS,
    ANNOTATION_GATEWAY,
    ANNOTATION_SIDECAR,
    ANNOTATION_SKIPPED,
    LABEL_AGENT,
)

Json = Mapping[str, Any]
Operation = dict[str, Any]
Index = Mapping[str, Sequence[Json]]

MIRROR = "kubernetes.io/config.mirror"
OURS = (
    ANNOTATION_AGENT,
    ANNOTATION_SIDECAR,
    ANNOTATION_GATEWAY,
    ANNOTATION_BYPASS,
    ANNOTATION_BYPASS_MODELS,
    ANNOTATION_SKIPPED,
)


def inject(pod: Json, namespace: str, index: Index, sidecar: SidecarTemplate) -> list[Operation]:
    """The operations that give a pod its sidecar, or say on it why it has none; empty when the pod is no agent's.

    Args:
        pod: the pod as the API server is about to store it.
        namespace: its namespace, which the pod itself need not name.
        index: `agents` of the namespace's InjectionIndex.
        sidecar: what every sidecar of this installation has in common.
    """
    notes = pod["metadata"].get("annotations")
    if MIRROR in (notes or ()) or sidecar.present(pod):
        return []
    entry = entry_for(pod, index)
    if entry is None:
        return []
    # Values that a pod template copied from a running pod carries along and that would be wrong for this one.
    head = [_remove(name) for name in OURS if name in (notes or ())]
    head += [] if notes is not None else [_add("/metadata/annotations", {})]
    if reason := skip_reason(pod, entry):
        return [*head, _note(ANNOTATION_SKIPPED, reason)]
    made = (*_label(pod, entry), *_notes(pod, entry, sidecar), *_sidecar(pod, namespace, entry, sidecar), *_settings(pod, entry))
    return [*head, *made]


def entry_for(pod: Json, index: Index) -> IndexEntry | None:
    """The entry that counts for this pod: the first that holds, by sorted key, then in the order of the index."""
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    keys = keys_of(labels, controllers(metadata.get("ownerReferences") or ()), metadata.get("name") or "")
    account = pod["spec"].get("serviceAccountName") or "default"
    entries = (entry for key in sorted(key for key in keys if key in index) for entry in readable(index[key]))
    return next((entry for entry in entries if holds(entry, labels, account)), None)


def readable(entries: Iterable[Json]) -> Iterable[IndexEntry]:
    """Entries that this version understands; one that it does not must not take the others along."""
    for entry in entries:
        try:
            yield IndexEntry.model_validate({name: value for name, value in entry.items() if name in FIELDS})
        except ValidationError:
            continue


FIELDS = frozenset(field.alias or name for name, field in IndexEntry.model_fields.items())


def holds(entry: IndexEntry, labels: Mapping[str, str], account: str) -> bool:
    """Whether the rest of the entry fits a pod that its key has found."""
    return (
        all(labels.get(pair.key) == pair.value for pair in entry.match_labels)
        and all(wanted.matches(labels) for wanted in entry.match_expressions)
        and entry.service_account_name in ("", account)
    )


def selected(container: Json, entry: IndexEntry) -> bool:
    """Whether the entry speaks of this container."""
    return not entry.containers or container.get("name") in entry.containers


def bypassing(pod: Json, entry: IndexEntry) -> list[str]:
    """Names of the containers whose telemetry goes to an endpoint of their own."""
    return [str(item.get("name")) for item in pod["spec"]["containers"] if selected(item, entry) and foreign(item)]


def ungoverned(pod: Json, entry: IndexEntry) -> list[str]:
    """Names of the containers whose model calls go to a provider of their own; none where the entry has no gateway."""
    containers = pod["spec"]["containers"] if entry.gateway else ()
    return [str(item.get("name")) for item in containers if selected(item, entry) and astray(item)]


def _label(pod: Json, entry: IndexEntry) -> Iterable[Operation]:
    """The label by which a NetworkPolicy finds the pods of any workload, from their first packet on."""
    if pod["metadata"].get("labels") is None:
        yield _add("/metadata/labels", {})
    yield _add(f"/metadata/labels/{_escaped(LABEL_AGENT)}", entry.agent)


def _notes(pod: Json, entry: IndexEntry, sidecar: SidecarTemplate) -> Iterable[Operation]:
    yield _note(ANNOTATION_AGENT, entry.agent)
    yield _note(ANNOTATION_SIDECAR, sidecar.version)
    if entry.gateway:
        yield _note(ANNOTATION_GATEWAY, entry.gateway)
    models = ungoverned(pod, entry)
    around = {*bypassing(pod, entry), *models}
    if around:
        names = (str(item.get("name")) for item in pod["spec"]["containers"])
        yield _note(ANNOTATION_BYPASS, ",".join(name for name in names if name in around))
    if models:
        yield _note(ANNOTATION_BYPASS_MODELS, ",".join(models))


def _sidecar(pod: Json, namespace: str, entry: IndexEntry, sidecar: SidecarTemplate) -> Iterable[Operation]:
    spec = pod["spec"]
    for name in ("volumes", "initContainers"):
        if spec.get(name) is None:
            yield _add(f"/spec/{name}", [])
    yield _add("/spec/volumes/-", volume(namespace, entry.agent, entry.rules, entry.hash_key_secret))
    # Resources on the pod are a budget for all its containers: ours on top could exceed it and void the pod.
    container = sidecar.container(entry.agent, resources=spec.get("resources") is None, gateway=entry.gateway)
    yield _add("/spec/initContainers/0", container)


def _settings(pod: Json, entry: IndexEntry) -> Iterable[Operation]:
    """Variables of the containers that the entry speaks of."""
    for number, container in enumerate(pod["spec"]["containers"]):
        variables = list(added(container, entry)) if selected(container, entry) else []
        path = f"/spec/containers/{number}/env"
        if variables and container.get("env") is None:
            yield _add(path, [])
        for name, value in variables:
            yield _add(f"{path}/-", {"name": name, "value": value})


def _note(name: str, value: str) -> Operation:
    return _add(f"/metadata/annotations/{_escaped(name)}", str(value))


def _remove(name: str) -> Operation:
    return {"op": "remove", "path": f"/metadata/annotations/{_escaped(name)}"}


def _add(path: str, value: Any) -> Operation:
    return {"op": "add", "path": path, "value": value}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
