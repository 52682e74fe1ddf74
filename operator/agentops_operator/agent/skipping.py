"""What in a pod keeps the sidecar out on purpose: the same reasons as the admission policy's, in the same order."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from agentops_operator.policies.trace.types import OptOut

SIDECAR = "agentops-collector"
VOLUME = "agentops"
PORTS = (4317, 4318, 13133)
LABEL_INJECT = "agentops.dev/inject"
LABEL_OS = "kubernetes.io/os"


class Skip(StrEnum):
    """Why a pod is left alone; the value stands in its annotation `agentops.dev/skipped`."""

    HOST_NETWORK = "HostNetwork"
    WINDOWS = "Windows"
    OPT_OUT = "OptOut"
    NAME_CONFLICT = "NameConflict"
    PORT_CONFLICT = "PortConflict"


def skip_reason(pod: Mapping[str, Any], opt_out: OptOut) -> Skip | None:
    """Why this pod gets no sidecar although it matches; None when nothing speaks against it.

    Args:
        pod: the pod before injection; one that carries our sidecar would be in conflict with itself.
        opt_out: what the entry of the index allows.
    """
    spec, labels = pod["spec"], pod["metadata"].get("labels") or {}
    if spec.get("hostNetwork"):
        return Skip.HOST_NETWORK
    if (spec.get("os") or {}).get("name") == "windows" or (spec.get("nodeSelector") or {}).get(LABEL_OS) == "windows":
        return Skip.WINDOWS
    if opt_out is OptOut.ALLOWED and labels.get(LABEL_INJECT) == "false":
        return Skip.OPT_OUT
    return _conflict(spec)


def _conflict(spec: Mapping[str, Any]) -> Skip | None:
    containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    if SIDECAR in _names(containers) or VOLUME in _names(spec.get("volumes") or ()):
        return Skip.NAME_CONFLICT
    return Skip.PORT_CONFLICT if taken_port(spec) else None


def _names(items: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [item.get("name") for item in items]


def taken_port(spec: Mapping[str, Any]) -> int:
    """The first port of ours that a container declares which runs beside the sidecar; 0 when none does."""
    beside = (item for item in spec.get("initContainers") or () if item.get("restartPolicy") == "Always")
    for container in (*(spec.get("containers") or ()), *beside):
        for port in container.get("ports") or ():
            if port.get("containerPort") in PORTS:
                return int(port["containerPort"])
    return 0
