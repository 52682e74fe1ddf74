"""How the process is set up: read once from the environment, then frozen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops_operator.agent.egress.types import CANARY_PORT
from agentops_operator.agent.facts import GatewaySettings, RelaySettings, Settings, StoreSettings
from agentops_operator.agent.tenant_gateway import TenantGatewaySettings
from agentops_operator.kube.names import GATEWAY, RELAY


@dataclass(frozen=True)
class RuntimeSettings:
    """Settings of the operator process; each comes from the environment variable that its text names."""

    compile: Settings = field(default_factory=Settings)
    """What decisions may look at: `AGENTOPS_NAMESPACE`, `AGENTOPS_SIDECAR_VERSION`, `AGENTOPS_SIDECAR_RESOURCES`,
    `AGENTOPS_TEAM_LABEL`, `AGENTOPS_RELAY_*`, `AGENTOPS_GATEWAY_*`,
    `AGENTOPS_TENANT_GATEWAY_*`, `AGENTOPS_IMAGE_PULL_*`, `AGENTOPS_EVALS_IMAGE`,
    `AGENTOPS_OPERATOR_DEPLOYMENT`,
    `AGENTOPS_OPERATOR_UID`, `AGENTOPS_CLUSTER_DNS` and `AGENTOPS_PROMETHEUS_URL`."""

    identity: str = "agentops-operator"
    """Name of this replica in the Lease and in events: `AGENTOPS_POD_NAME`. Two replicas with one name would both lead."""

    namespaces: tuple[str, ...] = ()
    """Namespaces that are served, `AGENTOPS_WATCH_NAMESPACES`, comma separated; empty serves the whole cluster."""

    kubeconfig: str = ""
    """Path of a kubeconfig, `AGENTOPS_KUBECONFIG`; empty uses the pod's service account."""

    kube_context: str = ""
    """Context in the kubeconfig, `AGENTOPS_KUBE_CONTEXT`; empty uses its current one."""

    leader_election: bool = True
    """Whether a Lease decides who works, `AGENTOPS_LEADER_ELECTION`; switch it off only for a single local process."""

    workers: int = 16
    """Keys worked on at a time, `AGENTOPS_WORKERS`. They wait for the API server most of the time, so more than cores."""

    observe_seconds: float = 10.0
    """Pause between two looks at the relay, `AGENTOPS_OBSERVE_SECONDS`; 0 switches them off. At the gateway it is looked twice as
    often, and at what budgets have used a sixth as often."""

    relay_host: str = ""
    """DNS name of the relay's replicas, `AGENTOPS_OBSERVE_HOST`; empty means the Service in the operator's namespace."""

    relay_port: int = 4320
    """Port of the relay's API, `AGENTOPS_RELAY_API_PORT`."""

    relay_canary_port: int = CANARY_PORT
    """Port of the relay that greets, by which egress is proven, `AGENTOPS_RELAY_CANARY_PORT`."""

    relay_token: str = "/var/run/secrets/agentops/token"  # noqa: S105  (a path, not a token)
    """File with the token for the relay, `AGENTOPS_RELAY_TOKEN_FILE`; the kubelet renews it, so it is read each time."""

    gateway_host: str = ""
    """DNS name of the gateway's replicas, `AGENTOPS_OBSERVE_GATEWAY`; empty means the headless Service of the operator's."""

    gateway_port: int = 4001
    """Port of the gateway's admin API, `AGENTOPS_GATEWAY_ADMIN_PORT`."""

    gateway_metrics_port: int = 8889
    """Port of the gateway's metrics, `AGENTOPS_GATEWAY_METRICS_PORT`."""

    decisions_checked: bool = True
    """Whether admission checks who decides on held runs, `AGENTOPS_DECISIONS_CHECKED`; without that no decision is passed on."""

    receiver: str = "/var/run/agentops-receiver"
    """Directory with the files `url` and `key` of the receiver of notices on held runs, `AGENTOPS_RECEIVER_DIRECTORY`; without
    them nobody is told but by Events and alerts."""

    link: str = ""
    """Address where a person reads more on a held run, `AGENTOPS_RUN_LINK`, with {namespace}, {agent}, {run} and {name}."""

    http_host: str = "0.0.0.0"  # noqa: S104  (probes and scrapes come from outside the pod)
    """Address of health and metrics, `AGENTOPS_HTTP_HOST`."""

    http_port: int = 8080
    """Port of health and metrics, `AGENTOPS_HTTP_PORT`."""

    log_level: str = "INFO"
    """Level of the log, `AGENTOPS_LOG_LEVEL`."""

    @property
    def home(self) -> str:
        """Namespace of the operator."""
        return self.compile.operator_namespace

    @property
    def relay_name(self) -> str:
        """DNS name under which the relay's replicas are found."""
        return self.relay_host or f"{RELAY}.{self.home}.svc"

    @property
    def gateway_name(self) -> str:
        """DNS name under which the gateway's replicas are found."""
        return self.gateway_host or f"{GATEWAY}-replicas.{self.home}.svc"


def from_environment(environment: Mapping[str, str]) -> RuntimeSettings:
    """Reads all settings; a number that is none raises ValueError with the variable's name.

    Args:
        environment: the process environment.
    """
    defaults = RuntimeSettings()
    get = environment.get
    return RuntimeSettings(
        compile=_compile_settings(environment),
        identity=get("AGENTOPS_POD_NAME") or get("HOSTNAME") or defaults.identity,
        namespaces=_list(get("AGENTOPS_WATCH_NAMESPACES", "")),
        kubeconfig=get("AGENTOPS_KUBECONFIG") or get("KUBECONFIG", ""),
        kube_context=get("AGENTOPS_KUBE_CONTEXT", ""),
        leader_election=_truth(get("AGENTOPS_LEADER_ELECTION", "true")),
        workers=int(_number(environment, "AGENTOPS_WORKERS", defaults.workers)),
        observe_seconds=_number(environment, "AGENTOPS_OBSERVE_SECONDS", defaults.observe_seconds),
        relay_host=get("AGENTOPS_OBSERVE_HOST", ""),
        relay_port=int(_number(environment, "AGENTOPS_RELAY_API_PORT", defaults.relay_port)),
        relay_canary_port=int(_number(environment, "AGENTOPS_RELAY_CANARY_PORT", defaults.relay_canary_port)),
        relay_token=get("AGENTOPS_RELAY_TOKEN_FILE", defaults.relay_token),
        gateway_host=get("AGENTOPS_OBSERVE_GATEWAY", ""),
        gateway_port=int(_number(environment, "AGENTOPS_GATEWAY_ADMIN_PORT", defaults.gateway_port)),
        gateway_metrics_port=int(_number(environment, "AGENTOPS_GATEWAY_METRICS_PORT", defaults.gateway_metrics_port)),
        decisions_checked=_truth(get("AGENTOPS_DECISIONS_CHECKED", "true")),
        receiver=get("AGENTOPS_RECEIVER_DIRECTORY", defaults.receiver),
        link=get("AGENTOPS_RUN_LINK", ""),
        http_host=get("AGENTOPS_HTTP_HOST", defaults.http_host),
        http_port=int(_number(environment, "AGENTOPS_HTTP_PORT", defaults.http_port)),
        log_level=get("AGENTOPS_LOG_LEVEL", defaults.log_level).upper(),
    )


def _compile_settings(environment: Mapping[str, str]) -> Settings:
    names = {
        "operator_namespace": "AGENTOPS_NAMESPACE",
        "sidecar_version": "AGENTOPS_SIDECAR_VERSION",
        "team_label": "AGENTOPS_TEAM_LABEL",
        "evals_image": "AGENTOPS_EVALS_IMAGE",
        "operator_uid": "AGENTOPS_OPERATOR_UID",
        "operator_deployment": "AGENTOPS_OPERATOR_DEPLOYMENT",
        "prometheus_url": "AGENTOPS_PROMETHEUS_URL",
    }
    given: dict[str, Any] = dict(_given(environment, names))
    if resources := environment.get("AGENTOPS_SIDECAR_RESOURCES"):
        given["sidecar_resources"] = _json("AGENTOPS_SIDECAR_RESOURCES", resources)
    if rule := environment.get("AGENTOPS_CLUSTER_DNS"):
        given["cluster_dns"] = _json("AGENTOPS_CLUSTER_DNS", rule)
    return Settings(**given, relay=_relay_settings(environment), gateway=_gateway_settings(environment))


def _gateway_settings(environment: Mapping[str, str]) -> GatewaySettings:
    names = {"image": "AGENTOPS_GATEWAY_IMAGE", "proxy": "AGENTOPS_GATEWAY_PROXY"}
    given = _workload(environment, names, "AGENTOPS_GATEWAY_REPLICAS", "AGENTOPS_GATEWAY_RESOURCES")
    tenant = _size(environment, "AGENTOPS_TENANT_GATEWAY_REPLICAS", "AGENTOPS_TENANT_GATEWAY_RESOURCES")
    given["proxy_exclude"] = _list(environment.get("AGENTOPS_GATEWAY_PROXY_EXCLUDE", ""))
    enabled = _truth(environment.get("AGENTOPS_GATEWAY_ENABLED", "false"))
    return GatewaySettings(enabled=enabled, store=_store_settings(environment), tenant=TenantGatewaySettings(**tenant), **given)


def _store_settings(environment: Mapping[str, str]) -> StoreSettings:
    names = {
        "url": "AGENTOPS_GATEWAY_STORE_URL",
        "topology": "AGENTOPS_GATEWAY_STORE_TOPOLOGY",
        "master": "AGENTOPS_GATEWAY_STORE_MASTER",
        "server_name": "AGENTOPS_GATEWAY_STORE_SERVER_NAME",
        "secret": "AGENTOPS_GATEWAY_STORE_SECRET",
    }
    addresses = _list(environment.get("AGENTOPS_GATEWAY_STORE_ADDRESSES", ""))
    return StoreSettings(addresses=addresses, **_given(environment, names))


def _relay_settings(environment: Mapping[str, str]) -> RelaySettings:
    names = {
        "image": "AGENTOPS_RELAY_IMAGE",
        "storage_size": "AGENTOPS_RELAY_STORAGE_SIZE",
        "storage_class": "AGENTOPS_RELAY_STORAGE_CLASS",
    }
    given = _workload(environment, names, "AGENTOPS_RELAY_REPLICAS", "AGENTOPS_RELAY_RESOURCES")
    if persistent := environment.get("AGENTOPS_RELAY_PERSISTENT"):
        given["persistent"] = _truth(persistent)
    return RelaySettings(**given)


def _workload(environment: Mapping[str, str], names: Mapping[str, str], replicas: str, resources: str) -> dict[str, Any]:
    """What relay and gateway are told alike, each by variables of its own; how images are pulled is one setting for both."""
    given: dict[str, Any] = dict(_given(environment, {"pull_policy": "AGENTOPS_RELAY_PULL_POLICY", **names}))
    if secrets := environment.get("AGENTOPS_RELAY_PULL_SECRETS"):
        given["pull_secrets"] = _list(secrets)
    return given | _size(environment, replicas, resources)


def _size(environment: Mapping[str, str], replicas: str, resources: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if environment.get(replicas):
        given["replicas"] = int(_number(environment, replicas, 1))
    if text := environment.get(resources):
        given["resources"] = _json(resources, text)
    return given


def _given(environment: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[variable] for name, variable in names.items() if environment.get(variable)}


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _truth(text: str) -> bool:
    return text.lower() not in ("false", "0", "no")


def _json(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise TypeError(f"{name} must be a JSON object")
    return value


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, got {text!r}") from None
