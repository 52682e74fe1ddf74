"""What in a pod keeps the sidecar out on purpose: the same reasons as the admission policy's, in the same order."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from agentops_operator.agent.index_types import Gateway, IndexEntry
from agentops_operator.policies.trace.types import OptOut

SIDECAR = "agentops-collector"
VOLUME = "agentops"
PORTS = (4317, 4318, 13133)
FORWARDER_PORT = 4319  # listened on only where the entry has a gateway
LABEL_INJECT = "agentops.dev/inject"
LABEL_OS = "kubernetes.io/os"


class Skip(StrEnum):
    """Why a pod is left alone; the value stands in its annotation `agentops.dev/skipped`."""

    HOST_NETWORK = "HostNetwork"
    WINDOWS = "Windows"
    OPT_OUT = "OptOut"
    NAME_CONFLICT = "NameConflict"
    PORT_CONFLICT = "PortConflict"


def skip_reason(pod: Mapping[str, Any], entry: IndexEntry) -> Skip | None:
    """Why this pod gets no sidecar although it matches; None when nothing speaks against it.

    Args:
        pod: the pod before injection; one that carries our sidecar would be in conflict with itself.
        entry: the entry of the index that counts for it.
    """
    spec, labels = pod["spec"], pod["metadata"].get("labels") or {}
    if spec.get("hostNetwork"):
        return Skip.HOST_NETWORK
    if (spec.get("os") or {}).get("name") == "windows" or (spec.get("nodeSelector") or {}).get(LABEL_OS) == "windows":
        return Skip.WINDOWS
    if entry.opt_out is OptOut.ALLOWED and labels.get(LABEL_INJECT) == "false":
        return Skip.OPT_OUT
    return _conflict(spec, entry.gateway)


def _conflict(spec: Mapping[str, Any], gateway: Gateway) -> Skip | None:
    containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    if SIDECAR in _names(containers) or VOLUME in _names(spec.get("volumes") or ()):
        return Skip.NAME_CONFLICT
    return Skip.PORT_CONFLICT if taken_port(spec, gateway) else None


def _names(items: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [item.get("name") for item in items]


def taken_port(spec: Mapping[str, Any], gateway: Gateway) -> int:
    """The first port of ours that a container declares which runs beside the sidecar; 0 when none does."""
    ours = (*PORTS, FORWARDER_PORT) if gateway else PORTS
    beside = (item for item in spec.get("initContainers") or () if item.get("restartPolicy") == "Always")
    for container in (*(spec.get("containers") or ()), *beside):
        for port in container.get("ports") or ():
            if port.get("containerPort") in ours:
                return int(port["containerPort"])
    return 0
