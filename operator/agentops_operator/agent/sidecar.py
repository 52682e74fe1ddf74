"""The container and the volume that a matched pod gets: docs/contracts.md section 4."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops_operator.agent.index_types import Gateway
from agentops_operator.agent.skipping import FORWARDER_PORT, SIDECAR, VOLUME
from agentops_operator.kube.names import RULES_KEY

TOKEN_SECONDS = 3600
POD_FIELDS = {
    "AGENTOPS_NAMESPACE": "metadata.namespace",
    "AGENTOPS_POD_NAME": "metadata.name",
    "AGENTOPS_POD_UID": "metadata.uid",
}
MOUNTS = (
    "/var/run/agentops",
    # Where the ServiceAccount admission would put the pod's API token, when it runs again after us.
    "/var/run/secrets/kubernetes.io/serviceaccount",
)


@dataclass(frozen=True)
class SidecarTemplate:
    """What is the same for every sidecar of an installation.

    Attributes:
        image: image of the container.
        repository: its image without tag and digest; a container of our name with it is a sidecar of ours in any version.
        version: version that is written on the pod.
        relay: address of the relay's receiver.
        relay_api: address of the relay's API.
        gateway: address of the gateway; told to sidecars of agents that have one.
        pull_policy: when the image is pulled.
        run_as_user: user of the process.
        resources: requests and limits.
        extra_env: more variables.
    """

    image: str
    repository: str
    version: str
    relay: str
    relay_api: str
    gateway: str
    pull_policy: str = "IfNotPresent"
    run_as_user: int = 65532
    resources: Mapping[str, Any] = field(default_factory=dict)
    extra_env: Mapping[str, str] = field(default_factory=dict)

    def present(self, pod: Mapping[str, Any]) -> bool:
        """Whether the pod carries a sidecar of ours; a pod made from the manifest of a running one carries an older one."""
        ours = (self.repository + ":", self.repository + "@")
        found = (item for item in pod["spec"].get("initContainers") or () if item.get("name") == SIDECAR)
        return any(str(item.get("image") or "").startswith(ours) for item in found)

    def container(self, agent: str, *, resources: bool, gateway: Gateway) -> dict[str, Any]:
        """The init container that keeps running."""
        return {
            "name": SIDECAR,
            "image": self.image,
            "imagePullPolicy": self.pull_policy,
            "restartPolicy": "Always",
            "env": self._env(agent, gateway),
            "resources": dict(self.resources) if resources else {},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "runAsUser": self.run_as_user,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "volumeMounts": [{"name": VOLUME, "mountPath": path, "readOnly": True} for path in MOUNTS],
        }

    def _env(self, agent: str, gateway: Gateway) -> list[dict[str, Any]]:
        return [
            {"name": "AGENTOPS_AGENT", "value": agent},
            *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in POD_FIELDS.items()),
            {"name": "AGENTOPS_RELAY", "value": self.relay},
            {"name": "AGENTOPS_RELAY_API", "value": self.relay_api},
            *self._forwarder(gateway),
            *({"name": name, "value": value} for name, value in sorted(self.extra_env.items())),
        ]

    def _forwarder(self, gateway: Gateway) -> list[dict[str, str]]:
        if not gateway:
            return []
        return [
            {"name": "AGENTOPS_GATEWAY", "value": self.gateway},
            {"name": "AGENTOPS_LISTEN_FORWARDER", "value": f"127.0.0.1:{FORWARDER_PORT}"},
            {"name": "AGENTOPS_ON_GATEWAY_DOWN", "value": str(gateway)},
        ]


def volume(namespace: str, agent: str, rules: str, hash_key_secret: str) -> dict[str, Any]:
    """The projected volume: identity, rules, and the key of hashes where there is one."""
    token = {"path": "token", "audience": f"agentops/{namespace}/{agent}", "expirationSeconds": TOKEN_SECONDS}
    sources: list[dict[str, Any]] = [
        {"serviceAccountToken": token},
        {"configMap": _file(rules, RULES_KEY, f"rules/{RULES_KEY}")},
    ]
    if hash_key_secret:
        sources.append({"secret": _file(hash_key_secret, "current", "mask-key/current")})
    return {"name": VOLUME, "projected": {"sources": sources}}


def _file(name: str, key: str, path: str) -> dict[str, Any]:
    # Optional, because a pod starts also while the operator has not written it yet; the sidecar then masks by its default.
    return {"name": name, "optional": True, "items": [{"key": key, "path": path}]}
