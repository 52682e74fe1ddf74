"""The alerts that every installation gets: expression, how long, how urgent, what to do. In prose: docs/alerts.md."""

from agentops_operator.agent.alert import CRITICAL, INFO, WARNING, Alert
from agentops_operator.agent.gateway import alerts as gateway


def _pods(state: str) -> str:
    # max, not sum: during a hand-over of leadership two operator pods show the same gauge for a moment.
    return f'max by (namespace, agent) (agentops_agent_pods{{namespace="<ns>", state="{state}"}}) > 0'


RECORDINGS = gateway.RECORDINGS

TENANT: tuple[Alert, ...] = (
    Alert(
        "AgentOpsInjectionMissed",
        _pods("missed"),
        "10m",
        WARNING,
        "{{ $value }} pods of Agent {{ $labels.namespace }}/{{ $labels.agent }} run without the sidecar",
        "Telemetry of these pods is neither masked nor traced. `agentops explain pod POD -n {{ $labels.namespace }}` says why; "
        "pods older than their injection entry need a restart of their workload.",
    ),
    Alert(
        "AgentOpsMaskingLeak",
        'max by (namespace, agent) (agentops_mask_leaks{namespace="<ns>"}) > 0',
        "0m",
        CRITICAL,
        "{{ $value }} masking detectors let their canary through in Agent {{ $labels.namespace }}/{{ $labels.agent }}",
        "The live masking engine left the made-up secret of a rule unmasked, so real ones may have left the pod. The Agent's "
        "condition Enforced=False, Leaked names the rules. Try them with `agentops mask test -n {{ $labels.namespace }} "
        "{{ $labels.agent }}`, mend regex, literals or check in the MaskingPolicy, and set `capture: None` in the TracePolicy "
        "until the alert is gone.",
    ),
    Alert(
        "AgentOpsTelemetryDropped",
        'sum by (namespace, agent) (increase(agentops_mask_dropped_total{namespace="<ns>"}[10m])) > 0',
        "10m",
        WARNING,
        "Agent {{ $labels.namespace }}/{{ $labels.agent }} loses telemetry that could not be masked",
        "The sidecar drops what it cannot mask rather than send it. Read the log of container agentops-collector in the "
        "Agent's pods; spans with very large or deeply nested attributes are the usual cause.",
    ),
    Alert(
        "AgentOpsNotEnforced",
        'max by (kind, namespace, name) (agentops_condition{namespace="<ns>", type="Enforced"}) == 0',
        "15m",
        WARNING,
        "{{ $labels.kind }} {{ $labels.namespace }}/{{ $labels.name }} is declared but not in force",
        "Its condition Enforced is False; the message says what was observed and what to do: `agentops status -n "
        "{{ $labels.namespace }}`.",
    ),
    Alert(
        "AgentOpsSidecarOutdated",
        _pods("outdated"),
        "24h",
        INFO,
        "{{ $value }} pods of Agent {{ $labels.namespace }}/{{ $labels.agent }} run another sidecar than the operator's version",
        "They keep working and keep masking. Restart their workload at a good time: `kubectl rollout restart`.",
    ),
    Alert(
        "AgentOpsBackendDown",
        'min by (backend) (agentops_backend_up{backend=~"<ns>/.+"}) == 0',
        "10m",
        WARNING,
        "The relay cannot deliver traces to backend {{ $labels.backend }}",
        "Spans wait on the relay's disk; once the queue is full, new ones do not reach this backend. `agentops status` shows "
        "the backend's error; CredentialMissing names the Secret to create.",
    ),
    *gateway.TENANT,
)

PLATFORM: tuple[Alert, ...] = (
    Alert(
        "AgentOpsOperatorDown",
        # By name: every operator of the cluster that is built on controller-runtime has this metric, and one that leads.
        'absent(leader_election_master_status{name="agentops"} == 1)',
        "10m",
        CRITICAL,
        "No replica of the AgentOps operator leads",
        "New Agents and changed policies have no effect and statuses stand still; pods keep their sidecars and rules. Look at "
        "the operator's pods and their log, and whether Prometheus still scrapes them on port 8080.",
    ),
    Alert(
        "AgentOpsOperatorNotReconciling",
        'sum by (controller) (increase(controller_runtime_reconcile_errors_total{controller="agentops"}[10m])) > 0 '
        "or sum by (name) (increase(agentops_background_failures_total[10m])) > 0",
        "30m",
        WARNING,
        "The AgentOps operator fails again and again to bring objects in line",
        "`kubectl get events -A --field-selector type=Warning` and the operator's log name the object and the API server's "
        "answer; the condition Programmed=False, ApplyFailed of the Agent says the same. With a label `name`, that watch or "
        "observer fails and begins again, and what it tells stands still: the log has its traceback.",
    ),
    Alert(
        "AgentOpsRelayUnreachable",
        "max(agentops_relay_reachable) == 0",
        "10m",
        CRITICAL,
        "The AgentOps operator cannot read the relay",
        "Nothing can be observed, so Enforced of all Agents is Unknown, and traces may be waiting in the pods. Look at "
        "StatefulSet agentops-relay in the operator's namespace, its events and its log.",
    ),
    Alert(
        "AgentOpsRelayRefused",
        "sum by (reason) (increase(agentops_relay_refused_total[10m])) > 0",
        "15m",
        WARNING,
        "The relay refuses telemetry: {{ $labels.reason }}",
        "A pod sends with a token that is not its own, has expired, or names another Agent. The relay's log names the pod; a "
        "clock that is wrong on one node is the harmless cause, a forged identity the other.",
    ),
    *gateway.PLATFORM,
)
