"""The gateway's plan as a ConfigMap, and the Deployment that mounts the Secrets which policies name.

Both depend on custom resources, so the operator applies them; what never changes comes with the chart.
"""

import base64
import gzip
from collections.abc import Mapping
from typing import Any

from agentops_operator.agent.facts import GatewaySettings, Settings
from agentops_operator.agent.gateway.plan import secrets_of
from agentops_operator.agent.gateway.proxy import proxy_variables
from agentops_operator.agent.gateway.store import store_mounts, store_variables, store_volumes
from agentops_operator.kube.children import owner_reference, stamp
from agentops_operator.kube.digest import canonical
from agentops_operator.kube.names import GATEWAY, PLAN_KEY, RELAY, TENANT_AUDIENCE
from agentops_operator.kube.secrets import secret_mounts, secret_volumes
from agentops_operator.kube.security import container_security, pod_security

LABELS = {"app.kubernetes.io/name": GATEWAY, "app.kubernetes.io/part-of": "agentops-operator"}
PORTS = (("llm", 4000), ("admin", 4001), ("metrics", 8889))
PLAN_DIRECTORY = "/etc/agentops"
SECRETS_DIRECTORY = "/var/run/agentops-secrets"
DRAIN_SECONDS = 25
GRACE_SECONDS = DRAIN_SECONDS + 10  # open calls drain first; what is left is cut by the kubelet
PLAIN_BYTES = 262_144  # a plan that a person can still read; larger ones are compressed, under the same key
MOST_BYTES = 1_000_000  # the API server takes 1 MiB for all data of a ConfigMap
IDENTITY = "identity"
IDENTITY_DIRECTORY = "/var/run/agentops-identity"
TOKEN_SECONDS = 3600


class PlanTooLargeError(Exception):
    """Even compressed, the plan does not fit into a ConfigMap."""

    expected = True


def compile_gateway(plan: Mapping[str, Any], settings: Settings) -> tuple[dict[str, Any], ...]:
    """ConfigMap and Deployment.

    Args:
        plan: the plan of the cluster.
        settings: this installation; the operator's Deployment owns both objects, so that uninstalling removes them.

    Raises:
        PlanTooLargeError: the plan does not fit.
    """
    return tuple(_owned(obj, settings) for obj in (plan_config_map(plan), _deployment(plan, settings)))


def plan_config_map(plan: Mapping[str, Any], name: str = GATEWAY) -> dict[str, Any]:
    """The plan as a ConfigMap: plain while it is small, compressed when it is not; the gateway tells them by the first bytes."""
    text = canonical(plan)
    obj: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    if len(text) <= PLAIN_BYTES:
        return {**obj, "data": {PLAN_KEY: text}}
    packed = gzip.compress(text.encode(), compresslevel=6, mtime=0)  # a time inside would make each one a new one
    if len(packed) > MOST_BYTES:
        raise PlanTooLargeError(
            f"the gateway's plan has {len(packed)} bytes, compressed, and {MOST_BYTES} fit into a ConfigMap: "
            "serve fewer Agents with one installation"
        )
    return {**obj, "binaryData": {PLAN_KEY: base64.b64encode(packed).decode()}}


def stored_text(config_map: Mapping[str, Any]) -> str:
    """The plan's text in a ConfigMap; empty when there is none."""
    packed = (config_map.get("binaryData") or {}).get(PLAN_KEY)
    if packed:
        return gzip.decompress(base64.b64decode(packed)).decode()
    return str((config_map.get("data") or {}).get(PLAN_KEY, ""))


def _owned(obj: dict[str, Any], settings: Settings) -> dict[str, Any]:
    owner = None
    if settings.operator_uid:
        owner = owner_reference("apps/v1", "Deployment", settings.operator_deployment, settings.operator_uid)
    return stamp(obj, settings.operator_namespace, owner, LABELS)


def _deployment(plan: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    pod = gateway_pod(GATEWAY, "serve", secrets_of(plan), _variables(settings), settings.gateway.resources, settings.gateway)
    # These are of the shared gateway alone: a pod in a tenant's namespace must not know where all others are counted.
    pod["volumes"] += [_identity(), *store_volumes(settings.gateway.store)]
    pod["containers"][0]["volumeMounts"] += [
        {"name": IDENTITY, "mountPath": IDENTITY_DIRECTORY, "readOnly": True},
        *store_mounts(settings.gateway.store),
    ]
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app.kubernetes.io/name": GATEWAY}},
        # A replica takes calls once it has a plan; until then the old ones do.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": LABELS}, "spec": pod},
    }
    if settings.gateway.replicas > 0:  # with an autoscaler the number is not ours to write
        spec["replicas"] = settings.gateway.replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": GATEWAY}, "spec": spec}


def _identity() -> dict[str, Any]:
    """By one token the relay lets it speak for any Agent; the other, shown to tenants, is worth nothing elsewhere."""
    tokens = (("token", RELAY), ("tenant-token", TENANT_AUDIENCE))
    made = [{"path": path, "audience": audience, "expirationSeconds": TOKEN_SECONDS} for path, audience in tokens]
    sources = [{"serviceAccountToken": token} for token in made]
    return {"name": IDENTITY, "projected": {"sources": sources, "defaultMode": 0o440}}


def gateway_pod(
    name: str,
    command: str,
    secrets: list[str],
    variables: list[dict[str, Any]],
    resources: Mapping[str, Any],
    gateway: GatewaySettings,
) -> dict[str, Any]:
    """The pod of a gateway, shared or of a tenant.

    Args:
        name: name of all its objects.
        command: what the program is to be.
        secrets: Secrets that it mounts.
        variables: its settings.
        resources: requests and limits.
        gateway: where the image comes from.
    """
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
    }
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": True,  # the gateway fetches the keys that tokens are verified with
        "enableServiceLinks": False,  # the variables of the Service agentops-gateway begin as ours do
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "imagePullSecrets": [{"name": name} for name in gateway.pull_secrets],
        "securityContext": pod_security(),
        "topologySpreadConstraints": [spread],
        "containers": [_container(command, secrets, variables, resources, gateway)],
        "volumes": [
            {"name": "plan", "configMap": {"name": name, "optional": True}},
            *secret_volumes(secrets),
        ],
    }


def _container(
    command: str,
    secrets: list[str],
    variables: list[dict[str, Any]],
    resources: Mapping[str, Any],
    gateway: GatewaySettings,
) -> dict[str, Any]:
    mounts = [
        {"name": "plan", "mountPath": PLAN_DIRECTORY, "readOnly": True},
        *secret_mounts(secrets, SECRETS_DIRECTORY),
    ]
    return {
        "name": "gateway",
        "image": gateway.image,
        "imagePullPolicy": gateway.pull_policy,
        "args": [command],
        "env": [
            {"name": "AGENTOPS_POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            *variables,
            *proxy_variables(gateway),
        ],
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in PORTS],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "admin"}, "periodSeconds": 2},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "admin"}, "periodSeconds": 10, "failureThreshold": 6},
        "resources": dict(resources),
        "securityContext": container_security(),
        "volumeMounts": mounts,
    }


def _variables(settings: Settings) -> list[dict[str, Any]]:
    operator = f"system:serviceaccount:{settings.operator_namespace}:agentops-operator"
    return [
        {"name": "AGENTOPS_OPERATOR_SUBJECT", "value": operator},
        {"name": "AGENTOPS_PLAN_CONFIG_MAP", "value": f"{settings.operator_namespace}/{GATEWAY}"},
        {"name": "AGENTOPS_TENANT_TOKEN", "value": f"{IDENTITY_DIRECTORY}/tenant-token"},
        {"name": "AGENTOPS_DRAIN_SECONDS", "value": str(DRAIN_SECONDS)},
        {"name": "AGENTOPS_OTLP_ENDPOINT", "value": f"http://{RELAY}.{settings.operator_namespace}.svc:4318"},
        {"name": "AGENTOPS_OTLP_TOKEN", "value": f"{IDENTITY_DIRECTORY}/token"},
        *store_variables(settings.gateway.store),
    ]
