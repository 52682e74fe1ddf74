"""The relay: objects of the operator's namespace, compiled from what all Agents need of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from agentops_operator.agent.egress.types import CANARY_PORT
from agentops_operator.agent.facts import RelaySettings, Settings
from agentops_operator.agent.plan import BackendUse
from agentops_operator.agent.relay_config import SECRETS, STORE_SHARE, collector_config
from agentops_operator.kube.children import owner_reference, stamp
from agentops_operator.kube.digest import canonical, digest
from agentops_operator.kube.names import GATEWAY, RELAY
from agentops_operator.kube.quantity import quantity
from agentops_operator.kube.secrets import secret_mounts, secret_volumes
from agentops_operator.kube.security import container_security, pod_security

TABLE_FORMAT = 1
GRACE_SECONDS = 30  # the exporters' queues are on disk; this is for what is in flight
DATA = "data"
PORTS = (("otlp-http", 4318), ("api", 4320), ("canary", CANARY_PORT), ("metrics", 8889), ("health", 13133))
LABELS = {"app.kubernetes.io/name": RELAY, "app.kubernetes.io/part-of": "agentops-operator"}


def agents_table(identities: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The identity table of docs/contracts.md section 7, with its digest."""
    content = {"version": TABLE_FORMAT, "agents": {name: dict(identities[name]) for name in sorted(identities)}}
    return {**content, "digest": digest(content)}


def compile_relay(
    identities: Mapping[str, Mapping[str, Any]], backends: Mapping[str, BackendUse], settings: Settings
) -> tuple[dict[str, Any], ...]:
    """ConfigMap and StatefulSet of the relay.

    Args:
        identities: rows of the identity table by `namespace/agent`.
        backends: every backend that an Agent uses, by `namespace/policy/backend`.
        settings: this installation; its Deployment owns both objects, so that uninstalling removes them.
    """
    config = collector_config(backends, int(quantity(settings.relay.storage_size)))
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": RELAY},
        "data": {
            "relay.yaml": yaml.safe_dump(config, sort_keys=True),
            "agents.json": canonical(agents_table(identities)),
        },
    }
    return tuple(_owned(obj, settings) for obj in (config_map, _stateful_set(backends.values(), settings)))


def _owned(obj: dict[str, Any], settings: Settings) -> dict[str, Any]:
    owner = None
    if settings.operator_uid:
        owner = owner_reference("apps/v1", "Deployment", settings.operator_deployment, settings.operator_uid)
    return stamp(obj, settings.operator_namespace, owner, LABELS)


def _stateful_set(uses: Iterable[BackendUse], settings: Settings) -> dict[str, Any]:
    secrets = sorted({use.backend.credentials.secret_name for use in uses if use.backend.credentials is not None})
    spec = {
        "serviceName": RELAY,
        "replicas": settings.relay.replicas,
        "selector": {"matchLabels": {"app.kubernetes.io/name": RELAY}},
        "template": {"metadata": {"labels": LABELS}, "spec": _pod(secrets, settings)},
    }
    if settings.relay.persistent:
        spec["volumeClaimTemplates"] = [_claim(settings.relay)]
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": RELAY}, "spec": spec}


def _claim(relay: RelaySettings) -> dict[str, Any]:
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": relay.storage_size}}}
    if relay.storage_class:
        spec["storageClassName"] = relay.storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": DATA}, "spec": spec}


def _pod(secrets: list[str], settings: Settings) -> dict[str, Any]:
    relay = settings.relay
    own = [] if relay.persistent else [{"name": DATA, "emptyDir": {"sizeLimit": relay.storage_size}}]
    return {
        "serviceAccountName": RELAY,
        "automountServiceAccountToken": True,  # the relay fetches the keys that tokens are verified with
        "enableServiceLinks": False,  # the variables of the Service agentops-relay begin as ours do
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "imagePullSecrets": [{"name": name} for name in relay.pull_secrets],
        "securityContext": pod_security(),
        "containers": [_container(secrets, settings)],
        "volumes": [
            {"name": "config", "configMap": {"name": RELAY, "optional": True}},
            *own,
            *secret_volumes(secrets),
        ],
    }


def _container(secrets: list[str], settings: Settings) -> dict[str, Any]:
    mounts = [
        {"name": "config", "mountPath": "/etc/agentops", "readOnly": True},
        {"name": DATA, "mountPath": "/var/lib/agentops"},
        *secret_mounts(secrets, SECRETS),
    ]
    return {
        "name": "relay",
        "image": settings.relay.image,
        "imagePullPolicy": settings.relay.pull_policy,
        "args": ["relay"],
        "env": [
            {"name": "AGENTOPS_POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            {
                "name": "AGENTOPS_OPERATOR_SUBJECT",
                "value": f"system:serviceaccount:{settings.operator_namespace}:agentops-operator",
            },
            {"name": "AGENTOPS_LISTEN_CANARY", "value": f":{CANARY_PORT}"},
            # The one account that may speak for any Agent; where there is no gateway, nobody has it.
            {"name": "AGENTOPS_GATEWAY_SUBJECT", "value": f"system:serviceaccount:{settings.operator_namespace}:{GATEWAY}"},
            {"name": "AGENTOPS_STORE_MAX_BYTES", "value": str(int(int(quantity(settings.relay.storage_size)) * STORE_SHARE))},
        ],
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in PORTS],
        "readinessProbe": {"httpGet": {"path": "/", "port": "health"}, "periodSeconds": 2},
        "livenessProbe": {"httpGet": {"path": "/", "port": "health"}, "periodSeconds": 10, "failureThreshold": 6},
        "resources": dict(settings.relay.resources),
        "securityContext": container_security(),
        "volumeMounts": mounts,
    }
