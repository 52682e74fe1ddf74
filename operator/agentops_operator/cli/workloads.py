"""Workloads of manifests, as the pods that they will make."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.facts import Pod
from agentops_operator.agent.match import POD_TEMPLATE_HASH
from agentops_operator.cli.manifests import Document
from agentops_operator.cli.position import Path

HASH = "0"  # stands for what the API server appends; only that it is the same on both sides matters
TEMPLATES: dict[str, Path] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
GROUPS = ("v1", "apps/v1", "batch/v1")


@dataclass(frozen=True)
class Workload:
    """A workload, a pod that it would make, and where its pod template stands."""

    document: Document
    pod: Pod
    template: Mapping[str, Any]
    path: Path

    @property
    def spec(self) -> Mapping[str, Any]:
        """Spec of the pod."""
        return _mapping(self.template.get("spec"))

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """Containers of the pod, init containers left out."""
        return [item for item in self.spec.get("containers") or [] if isinstance(item, Mapping)]


def workload(document: Document, default_namespace: str) -> Workload | None:
    """The workload that a document holds, or None when it holds something else."""
    if document.kind not in TEMPLATES or document.api_version not in GROUPS or not document.name:
        return None
    path = TEMPLATES[document.kind]
    template: Mapping[str, Any] = document.body
    for part in path:
        template = _mapping(template.get(str(part)))
    metadata = _mapping(template.get("metadata"))
    labels = {str(key): str(value) for key, value in _mapping(metadata.get("labels")).items()}
    owners = _owners(document.kind, document.name)
    pod = Pod(
        namespace=document.namespace(default_namespace),
        name=document.name,
        uid=f"{document.kind}/{document.name}",
        labels=labels | ({POD_TEMPLATE_HASH: HASH} if document.kind == "Deployment" else {}),
        owners=owners,
    )
    return Workload(document, pod, template, path)


def _owners(kind: str, name: str) -> tuple[tuple[str, str], ...]:
    match kind:
        case "Pod":
            return ()
        case "Deployment":
            return (("ReplicaSet", f"{name}-{HASH}"),)
        case "CronJob":
            return (("Job", f"{name}-{HASH}"),)
        case _:
            return ((kind, name),)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
