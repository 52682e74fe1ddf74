"""Grafana dashboards from one table of panels; every expression is checked against the metrics that the product has."""

import json
from dataclasses import dataclass

from agentops_operator.api.model import Json
from agentops_operator.generate.output import NOTICE

WIDTH, HEIGHT, COLUMNS = 12, 8, 24
AGENT = 'namespace=~"$namespace"'
SPANS = 'k8s_namespace_name=~"$namespace"'
TOKENS = (
    "sum by (dev_agentops_agent, gen_ai_request_model) "
    '(rate(gen_ai_client_inference_usage_{}_tokens_total{{k8s_namespace_name=~"$namespace"}}[5m]))'
)
FAILED = (
    f"sum by (dev_agentops_agent) (rate(agentops_call_errors_total{{{SPANS}}}[5m])) / "
    f"sum by (dev_agentops_agent) (rate(agentops_calls_total{{{SPANS}}}[5m]))"
)
DURATION = (
    "histogram_quantile(0.95, sum by (le, dev_agentops_agent, gen_ai_operation_name) "
    f"(rate(agentops_call_duration_seconds_bucket{{{SPANS}}}[5m])))"
)


@dataclass(frozen=True)
class Panel:
    """One panel: what it shows, its expressions with legends, and the unit."""

    title: str
    description: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    type: str = "timeseries"


AGENTS = (
    Panel(
        "Not in force",
        "Agents and policies whose Enforced is False; the condition's message says why.",
        ((f'agentops_condition{{{AGENT}, type="Enforced"}} == 0', "{{kind}} {{namespace}}/{{name}}"),),
        type="stat",
    ),
    Panel(
        "Pods without sidecar",
        "Pods that match an Agent and started before injection was ready.",
        ((f'sum by (namespace, agent) (agentops_agent_pods{{{AGENT}, state="missed"}})', "{{namespace}}/{{agent}}"),),
    ),
    Panel(
        "Tokens a second",
        "Input and output tokens by Agent and model.",
        (
            (TOKENS.format("input"), "in {{dev_agentops_agent}} {{gen_ai_request_model}}"),
            (TOKENS.format("output"), "out {{dev_agentops_agent}} {{gen_ai_request_model}}"),
        ),
    ),
    Panel(
        "Tokens by team",
        "Tokens of the last day by the team that is charged.",
        (
            (
                f"sum by (dev_agentops_team) (increase(gen_ai_client_inference_usage_input_tokens_total{{{SPANS}}}[1d]))",
                "{{dev_agentops_team}}",
            ),
        ),
        type="bargauge",
    ),
    Panel(
        "Operations a second",
        "Model and tool calls by Agent and operation.",
        (
            (
                f"sum by (dev_agentops_agent, gen_ai_operation_name) (rate(agentops_calls_total{{{SPANS}}}[5m]))",
                "{{dev_agentops_agent}} {{gen_ai_operation_name}}",
            ),
        ),
        "ops",
    ),
    Panel(
        "Failed operations",
        "Share of operations that ended with an error.",
        (
            (
                FAILED,
                "{{dev_agentops_agent}}",
            ),
        ),
        "percentunit",
    ),
    Panel(
        "Duration, p95",
        "Time that operations take.",
        (
            (
                DURATION,
                "{{dev_agentops_agent}} {{gen_ai_operation_name}}",
            ),
        ),
        "s",
    ),
    Panel(
        "Masked values a second",
        "By detector; a detector that never fires may not be needed.",
        ((f"sum by (agent, rule) (rate(agentops_masked_total{{{AGENT}}}[5m]))", "{{agent}} {{rule}}"),),
    ),
    Panel(
        "Masking leaks and drops",
        "Canaries that came through, and telemetry dropped because it could not be masked. Both should be nothing.",
        (
            (f"sum by (agent) (agentops_mask_leaks{{{AGENT}}})", "leaks {{agent}}"),
            (f"sum by (agent) (increase(agentops_mask_dropped_total{{{AGENT}}}[5m]))", "dropped {{agent}}"),
        ),
    ),
    Panel(
        "Backends",
        "1 while the relay delivers.",
        (("min by (backend) (agentops_backend_up)", "{{backend}}"),),
        type="stat",
    ),
)

OURS = 'leader_election_master_status{name="agentops"}'  # other operators of the cluster have metrics of the same names
OPERATOR = (
    Panel(
        "Reconciles a second",
        "By result.",
        (('sum by (result) (rate(controller_runtime_reconcile_total{controller="agentops"}[5m]))', "{{result}}"),),
        "ops",
    ),
    Panel("Queue", "Keys that wait.", (('max by (name) (workqueue_depth{name="agentops"})', "{{name}}"),)),
    Panel(
        "Requests to the API server",
        "By method and answer; writes without changes would show here.",
        ((f"sum by (method, code) (rate(rest_client_requests_total[5m]) and on (instance) {OURS})", "{{method}} {{code}}"),),
        "ops",
    ),
    Panel(
        "Memory",
        "Resident set of operator and relay.",
        (('process_resident_memory_bytes{job=~".*agentops.*"}', "{{pod}}"),),
        "bytes",
    ),
    Panel("Relay reachable", "1 while the operator can observe.", (("max(agentops_relay_reachable)", "relay"),), type="stat"),
    Panel(
        "Refused telemetry", "By reason.", (("sum by (reason) (rate(agentops_relay_refused_total[5m]))", "{{reason}}"),), "ops"
    ),
)

DASHBOARDS = {"agents": ("AgentOps: Agents", AGENTS), "operator": ("AgentOps: operator and relay", OPERATOR)}


def dashboards() -> dict[str, str]:
    """Grafana JSON by file name."""
    return {
        f"{name}.json": json.dumps(_dashboard(name, title, panels), indent=1) + "\n"
        for name, (title, panels) in DASHBOARDS.items()
    }


def _dashboard(name: str, title: str, panels: tuple[Panel, ...]) -> Json:
    return {
        "description": NOTICE,
        "uid": f"agentops-{name}",
        "title": title,
        "tags": ["agentops"],
        "schemaVersion": 39,
        "editable": False,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [_source(), _namespaces()]},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _source() -> Json:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _namespaces() -> Json:
    return {
        "name": "namespace",
        "label": "Namespace",
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "query": {"query": "label_values(agentops_agent_pods, namespace)", "refId": "namespaces"},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _panel(number: int, panel: Panel) -> Json:
    return {
        "id": number + 1,
        "title": panel.title,
        "description": panel.description,
        "type": panel.type,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": {"x": number * WIDTH % COLUMNS, "y": number // 2 * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + index), "expr": expr, "legendFormat": legend}
            for index, (expr, legend) in enumerate(panel.queries)
        ],
    }
