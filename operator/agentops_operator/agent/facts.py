"""What is known before a decision: slim, frozen values that the runtime gathers from its caches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from agentops_operator.agent.gateway.probes import NOTHING, Evidence
from agentops_operator.agent.tenant_gateway import DEFAULTS, UNSEEN, TenantGatewayObservation, TenantGatewaySettings
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.model import Model
from agentops_operator.api.selector import LabelSelector
from agentops_operator.policies.evaluation.observe import Run, Schedule

SpecT = TypeVar("SpecT", bound=Model)  # Python 3.11 has no type parameters in brackets


# How a sidecar's problems begin: with its hash key, and while the gateway is away.
HASH_KEY = "HashKey:"
GATEWAY_AWAY = "GatewayAway:"
GOES_DIRECT = "GoesDirect:"


@dataclass(frozen=True, slots=True)
class Key:
    """Kind, namespace and name of an object."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Kind namespace/name`, as messages show it."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Resource(Generic[SpecT]):
    """One custom resource: identity, spec, and the last status that the API server showed."""

    key: Key
    uid: str
    generation: int
    created: str
    spec: SpecT
    labels: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def age_order(self) -> tuple[str, str]:
        """Sorts older objects first, and equally old ones by name."""
        return (self.created, self.key.name)


@dataclass(frozen=True, slots=True)
class Invalid:
    """A custom resource whose spec this version cannot read; it becomes Stalled and disturbs nothing else."""

    key: Key
    uid: str
    generation: int
    created: str
    error: str
    status: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Pod:
    """A running or pending pod, from its metadata alone.

    `agent`, `sidecar`, `gateway`, `bypass`, `bypass_models` and `skipped` are the annotations that the admission policy writes.
    """

    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str]
    owners: tuple[tuple[str, str], ...]  # (kind, name) of the controller
    agent: str = ""
    sidecar: str = ""
    gateway: str = ""  # what its forwarder does while the gateway is away; empty: it has none
    bypass: tuple[str, ...] = ()
    bypass_models: tuple[str, ...] = ()  # those of `bypass` whose model calls go around the gateway
    skipped: str = ""
    terminating: bool = False
    created: str = ""

    @property
    def bypass_telemetry(self) -> tuple[str, ...]:
        """Those of `bypass` of which nothing else is known than that their telemetry goes around the sidecar."""
        return tuple(name for name in self.bypass if name not in self.bypass_models)


@dataclass(frozen=True, slots=True)
class PodReport:
    """What one sidecar last said of itself."""

    name: str
    uid: str
    version: str
    rules_digest: str
    rules_source: str = "Config"
    rules_error: str = ""
    leaked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    egress: str = ""  # what its look at the canary found: Refused, Open, Unknown; empty when it was not asked to look


@dataclass(frozen=True, slots=True)
class OpenPolicy:
    """A NetworkPolicy of somebody else that allows its pods to connect to something."""

    name: str
    selector: LabelSelector
    egress: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Refusal:
    """Pods of a workload that the API server refused, as the workload's controller told it.

    Attributes:
        workload: `Kind/name`, as the index has it.
        message: what the API server said, without the names of single pods.
        at: when it said so last.
    """

    workload: str
    message: str
    at: str


@dataclass(frozen=True, slots=True)
class AgentObservation:
    """What the relay knows of one Agent; counters are left out, because they are no reason to decide anew."""

    pods: tuple[PodReport, ...] = ()
    stored: bool = False  # at least one span that the Agent itself sent was stored
    calls: bool = False  # at least one span that the gateway wrote of its calls was stored
    row: str = ""  # digest of the Agent's row of the identity table, as the relay has it


@dataclass(frozen=True)
class BackendState:
    """How delivery to one backend goes; `name` is `namespace/policy/backend`."""

    name: str
    state: str  # Delivering, Failing, CredentialMissing, Idle
    error: str = ""


@dataclass(frozen=True)
class RelayObservation:
    """What the relay says of itself; `reachable` False means that the rest is unknown."""

    reachable: bool = False
    error: str = ""
    config_digest: str = ""
    config_error: str = ""
    problems: tuple[str, ...] = ()
    greets: bool = False  # its canary, seen from the operator's own pod
    backends: Mapping[str, BackendState] = field(default_factory=dict)


@dataclass(frozen=True)
class GatewayObservation:
    """What the gateway's replicas say of themselves, together; what each Agent has of the plan is told apart from it.

    How many there are is not part of it: an autoscaler changes that all the time, and no statement with it.

    Attributes:
        reachable: whether replicas answer; False means that the rest is unknown.
        error: why none does.
        plan_error: why the plan is not in force: a replica refused it, or it could not be written.
        store: state of the state store as the worst replica sees it: Ready, Away or None.
        store_error: why it is away.
        store_forgets: how its settings let it lose counts; empty where they do not.
        missing: targets of the plan whose credential a replica does not find.
        guards_tested: whether every replica sends canaries through its guardrails.
        guards_leaked: (guardrail, detector) whose canary a guardrail of a replica let pass.
    """

    reachable: bool = False
    error: str = ""
    plan_error: str = ""
    store: str = ""
    store_error: str = ""
    store_forgets: str = ""
    missing: frozenset[str] = frozenset()
    guards_tested: bool = False
    guards_leaked: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Alerting:
    """What Prometheus says of the alert rules of one namespace.

    Attributes:
        expected: rules that should be loaded.
        healthy: rules that were evaluated without an error.
        error: why rules are missing or fail; empty when none does.
        unreachable: why Prometheus could not be asked; empty when it answered.
    """

    expected: int = 0
    healthy: int = 0
    error: str = ""
    unreachable: str = ""


@dataclass(frozen=True)
class RelaySettings:
    """How the relay is set up.

    Attributes:
        image: image of the relay.
        pull_policy: when the image is pulled.
        pull_secrets: names of pull secrets in the operator's namespace.
        replicas: relays; sidecars spread over them by the Service.
        resources: requests and limits of the container.
        storage_size: size of the volume for queues and the trace store, a Kubernetes quantity.
        storage_class: class of the volume; empty means the cluster's default.
        persistent: whether the volume outlives the pod.
    """

    image: str = "agentops/collector:0.1.0"
    pull_policy: str = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    replicas: int = 1
    resources: Mapping[str, Any] = field(
        default_factory=lambda: {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}
    )
    storage_size: str = "5Gi"
    storage_class: str = ""
    persistent: bool = True


@dataclass(frozen=True)
class StoreSettings:
    """Where the gateway counts.

    Attributes:
        url: address without a password; that of a Sentinel or of a node, where there are several.
        topology: Single, Sentinel or Cluster.
        addresses: further Sentinels or nodes, host:port.
        master: name by which Sentinels know the store.
        server_name: name in the certificates, where nodes are called by addresses that these do not hold.
        secret: Secret with passwords and certificates, which the gateway reads from files and nobody else at all.
    """

    url: str = ""
    topology: str = "Single"
    addresses: tuple[str, ...] = ()
    master: str = ""
    server_name: str = ""
    secret: str = ""


@dataclass(frozen=True)
class GatewaySettings:
    """How the gateway is set up.

    Attributes:
        enabled: whether there is one.
        image: image of the gateway.
        pull_policy: when the image is pulled.
        pull_secrets: names of pull secrets in the operator's namespace.
        replicas: gateways; 0 leaves the number to an autoscaler.
        resources: requests and limits of the container.
        store: where the gateway counts.
        tenant: the gateways of namespaces that bring credentials.
        proxy: URL of the proxy by which providers are reached; empty for none.
        proxy_exclude: hosts and domains that are reached without it, besides those of the cluster.
    """

    enabled: bool = False
    image: str = "agentops/gateway:0.1.0"
    pull_policy: str = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    replicas: int = 2
    resources: Mapping[str, Any] = field(
        default_factory=lambda: {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
    )
    store: StoreSettings = StoreSettings()
    tenant: TenantGatewaySettings = DEFAULTS
    proxy: str = ""
    proxy_exclude: tuple[str, ...] = ()


CLUSTER_DNS: Mapping[str, Any] = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}


@dataclass(frozen=True)
class Settings:
    """How this installation is set up.

    Attributes:
        operator_namespace: where platform policies and the relay live.
        sidecar_version: version that new pods get; others are outdated.
        sidecar_resources: requests and limits that new pods' sidecars have.
        team_label: namespace label that names the team.
        relay: how the relay is set up.
        gateway: how the gateway is set up.
        evals_image: image of the evaluation runner.
        operator_uid: uid of the operator's Deployment, owner of the shared parts; empty when unknown.
        operator_deployment: name of the operator's Deployment.
        prometheus_url: Prometheus whose rules API proves alert rules; empty when there is none.
        cluster_dns: rule of a NetworkPolicy that lets pods ask the cluster's DNS.
    """

    operator_namespace: str = "agentops-system"
    sidecar_version: str = "0.1.0"
    sidecar_resources: Mapping[str, Any] = field(
        default_factory=lambda: {
            "requests": {"cpu": "20m", "memory": "64Mi"},
            "limits": {"cpu": "500m", "memory": "192Mi"},
        }
    )
    team_label: str = "agentops.dev/team"
    relay: RelaySettings = RelaySettings()
    gateway: GatewaySettings = GatewaySettings()
    evals_image: str = "agentops/evals:0.1.0"
    operator_uid: str = ""
    operator_deployment: str = "agentops-operator"
    prometheus_url: str = ""
    cluster_dns: Mapping[str, Any] = field(default_factory=lambda: CLUSTER_DNS)


@dataclass(frozen=True)
class Input:
    """Everything that a decision on one Agent may look at.

    Attributes:
        agent: the Agent.
        namespace_labels: labels of its namespace.
        policies: policies of its namespace and all platform policies, of every kind, valid ones only.
        rivals: other Agents that claim one of its keys or one of its pods.
        pods: pods that its target or selector matches.
        observation: what the relay knows of it; None before the first report.
        relay: what the relay says of itself.
        apply_error: what the API server said when the last apply failed; empty when it succeeded.
        runs: EvalRuns of the Agent.
        schedules: CronJobs of the Agent.
        now: the time; empty when nothing may be judged late.
        alerting: what Prometheus says of the namespace's alert rules; None before it was asked.
        refusals: refusals of its pods in the last hour.
        gateway: what the gateway says of itself.
        gateway_row: digest of the Agent's part of the plan that is in force in every replica; empty when there is none.
        gateway_calls: whether the gateway has counted a call of the Agent.
        unlisted_holds: its held runs that have no RunHold, because it has too many of them.
        probes: what the gateway saw of the limits in its plan, of all Agents and policies.
        network: NetworkPolicies of others in the namespace that allow egress.
        tenant_gateway: what the gateway of the Agent's namespace says of itself, where policies there bring credentials.
    """

    agent: Resource[AgentSpec]
    settings: Settings
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[Resource[Any], ...] = ()
    rivals: tuple[Resource[AgentSpec], ...] = ()
    pods: tuple[Pod, ...] = ()
    observation: AgentObservation | None = None
    relay: RelayObservation = RelayObservation()
    apply_error: str = ""
    runs: tuple[Run, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    now: str = ""
    alerting: Alerting | None = None
    refusals: tuple[Refusal, ...] = ()
    gateway: GatewayObservation = GatewayObservation()
    gateway_row: str = ""
    gateway_calls: bool = False
    unlisted_holds: int = 0
    probes: Evidence = NOTHING
    network: tuple[OpenPolicy, ...] = ()
    tenant_gateway: TenantGatewayObservation = UNSEEN
