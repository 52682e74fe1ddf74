"""Why a pod is left alone on purpose, in words. Whether it is says the same function as at admission."""

from collections.abc import Mapping
from typing import Any

from agentops_operator.agent.index_types import IndexEntry
from agentops_operator.agent.skipping import LABEL_INJECT, SIDECAR, VOLUME, Skip, skip_reason, taken_port
from agentops_operator.kube.names import ANNOTATION_SKIPPED

WHY = {
    Skip.HOST_NETWORK: "on the host's network the sidecar would take ports of the node",
    Skip.WINDOWS: "there is no sidecar for Windows",
    Skip.OPT_OUT: f"label {LABEL_INJECT}=false, which the platform's policy allows",
    Skip.NAME_CONFLICT: f"it has a container named {SIDECAR} or a volume named {VOLUME} of its own",
    Skip.PORT_CONFLICT: "it declares port {port}, which the sidecar needs",
}


def reason_and_why(pod: Mapping[str, Any], entry: IndexEntry) -> tuple[str, str]:
    """Reason and explanation; both empty when nothing keeps the sidecar out, or when it is there."""
    reason = None if has_sidecar(pod) else skip_reason(pod, entry)
    return (reason, WHY[reason].format(port=taken_port(pod["spec"], entry.gateway))) if reason else ("", "")


def has_sidecar(pod: Mapping[str, Any]) -> bool:
    """Whether the pod carries the sidecar; a container of its own with our name was noted as a conflict at admission."""
    noted = ANNOTATION_SKIPPED in (pod["metadata"].get("annotations") or {})
    return not noted and any(item.get("name") == SIDECAR for item in pod["spec"].get("initContainers") or [])
