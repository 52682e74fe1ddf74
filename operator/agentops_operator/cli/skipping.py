"""What in a pod keeps the sidecar out on purpose: the same order of reasons as the admission policy."""

from collections.abc import Mapping
from typing import Any

from agentops_operator.policies.trace.types import OptOut

SIDECAR = "agentops-collector"
VOLUME = "agentops"
PORTS = (4317, 4318, 13133)
LABEL_INJECT = "agentops.dev/inject"


def skip_reason(pod: Mapping[str, Any], opt_out: OptOut) -> tuple[str, str]:
    """Reason and explanation; both empty when nothing keeps the sidecar out."""
    spec, labels = pod["spec"], pod["metadata"].get("labels") or {}
    if spec.get("hostNetwork"):
        return "HostNetwork", "on the host's network the sidecar would take ports of the node"
    if (spec.get("os") or {}).get("name") == "windows" or (spec.get("nodeSelector") or {}).get("kubernetes.io/os") == "windows":
        return "Windows", "there is no sidecar for Windows"
    if opt_out is OptOut.ALLOWED and labels.get(LABEL_INJECT) == "false":
        return "OptOut", f"label {LABEL_INJECT}=false, which the platform's policy allows"
    if has_sidecar(spec):
        return "", ""
    return _conflict(spec)


def has_sidecar(spec: Mapping[str, Any]) -> bool:
    """Whether the pod carries the sidecar; our own container and volume are no conflict with themselves."""
    return any(item.get("name") == SIDECAR for item in spec.get("initContainers") or [])


def _conflict(spec: Mapping[str, Any]) -> tuple[str, str]:
    names = [item.get("name") for item in spec.get("containers") or []]
    volumes = [item.get("name") for item in spec.get("volumes") or []]
    if SIDECAR in names or VOLUME in volumes:
        return "NameConflict", f"it has a container named {SIDECAR} or a volume named {VOLUME} of its own"
    beside = [item for item in spec.get("initContainers") or [] if item.get("restartPolicy") == "Always"]
    ports = [port for item in (*(spec.get("containers") or []), *beside) for port in item.get("ports") or []]
    taken = next((port["containerPort"] for port in ports if port.get("containerPort") in PORTS), None)
    return ("PortConflict", f"it declares port {taken}, which the sidecar needs") if taken else ("", "")
