"""Bodies of objects as the API server gives them, short."""

from typing import Any

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.cli.pod_facts import PodFacts
from agentops_operator.runtime.parse import parse

SIDECAR = {"name": "agentops-collector", "restartPolicy": "Always", "image": "agentops/collector:0.1.0"}
ENTRY = {"agent": "billing", "rules": "billing-rules"}


def pod(
    *,
    labels: dict[str, str] | None = None,
    notes: dict[str, str] | None = None,
    injected: bool = False,
    owner: str = "",
    **spec: Any,
) -> dict[str, Any]:
    """A pod of Deployment billing in namespace shop, unless another owner is given as `Kind/name`."""
    kind, _, name = (owner or "ReplicaSet/billing-abc").partition("/")
    group = "batch" if kind == "Job" else "apps"
    return {
        "metadata": {
            "name": "billing-abc-1",
            "namespace": "shop",
            "uid": "u-1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "billing", "pod-template-hash": "abc", **(labels or {})},
            "annotations": notes or {},
            "ownerReferences": [{"apiVersion": f"{group}/v1", "kind": kind, "name": name, "controller": True}],
        },
        "spec": {
            "containers": [{"name": "main"}],
            "initContainers": [SIDECAR] if injected else [],
            "volumes": [{"name": "agentops"}] if injected else [],
            **spec,
        },
    }


def agent(name: str = "billing", status: dict[str, Any] | None = None) -> dict[str, Any]:
    """An Agent that points at Deployment billing."""
    return {
        "metadata": {"name": name, "namespace": "shop", "generation": 1, "creationTimestamp": "2026-02-01T00:00:00Z"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "billing"}},
        "status": status or {},
    }


def facts(body: dict[str, Any], *entries: dict[str, Any], **known: Any) -> PodFacts:
    """What is known of a pod; entries stand under Deployment/billing."""
    parsed = parse(AGENT, agent())
    assert isinstance(parsed, Resource)
    defaults: dict[str, Any] = {
        "namespace_labels": {},
        "index": {"Deployment/billing": list(entries)} if entries else {},
        "bound": True,
        "agents": (parsed,),
    }
    return PodFacts(pod=body, **{**defaults, **known})
