"""Alert rules of each namespace, and whether Prometheus shows them as loaded and healthy."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from agentops_operator.agent.alert import Alert, Recording
from agentops_operator.agent.alerts import PLATFORM, RECORDINGS, TENANT
from agentops_operator.agent.facts import Alerting, Settings
from agentops_operator.api.condition import Condition, false, true, unknown
from agentops_operator.api.model import Json
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.kube.children import owner_reference, stamp
from agentops_operator.kube.digest import short

NAME = "agentops-alert-rules"
MONITORING_API = "monitoring.coreos.com/v1"


def rule_group(namespace: str, operator_namespace: str) -> dict[str, Any]:
    """The rule group of a namespace; the operator's own namespace gets the alerts on the shared parts on top.

    The group's name ends in a digest of its content. Without it, rules of an older version that Prometheus still has
    loaded could not be told from the current ones.
    """
    alerts = (*TENANT, *PLATFORM) if namespace == operator_namespace else TENANT
    # Recorded series come first: rules of a group are evaluated in their order.
    rules = [*(_recording(series, namespace) for series in RECORDINGS), *(_rule(alert, namespace) for alert in alerts)]
    return {"name": f"agentops.{namespace}.{short(rules)}", "rules": rules}


def _recording(series: Recording, namespace: str) -> dict[str, Any]:
    return {"record": series.name, "expr": series.expr.replace("<ns>", namespace)}


def name_of(rule: Mapping[str, Any]) -> str:
    """How Prometheus calls a rule."""
    return str(rule.get("alert") or rule.get("record"))


def _rule(alert: Alert, namespace: str) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr.replace("<ns>", namespace),
        "for": alert.hold,
        # The namespace is a label of every alert, because routing to the team that owns it needs one.
        "labels": {"severity": alert.severity, "namespace": namespace},
        "annotations": {"summary": alert.summary, "runbook": alert.runbook},
    }


def prometheus_rule(namespace: str, operator_namespace: str) -> dict[str, Any]:
    """The PrometheusRule of a namespace, for clusters that have that API."""
    content = {
        "apiVersion": MONITORING_API,
        "kind": "PrometheusRule",
        "metadata": {"name": NAME},
        "spec": {"groups": [rule_group(namespace, operator_namespace)]},
    }
    return stamp(content, namespace, None, {"app.kubernetes.io/part-of": "agentops-operator"})


def rules_config_map(namespaces: Iterable[str], settings: Settings) -> dict[str, Any]:
    """One ConfigMap in the operator's namespace, a rule file a namespace; mount it where Prometheus reads rule files.

    The operator's own namespace is always in it: the alerts on the shared parts stand there.
    """
    home = settings.operator_namespace
    content = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME},
        "data": {f"{name}.rules.yaml": rule_file(name, home) for name in sorted({*namespaces, home})},
    }
    owner = None
    if settings.operator_uid:
        owner = owner_reference("apps/v1", "Deployment", settings.operator_deployment, settings.operator_uid)
    return stamp(content, home, owner, {"app.kubernetes.io/part-of": "agentops-operator"})


def rule_file(namespace: str, operator_namespace: str) -> str:
    """A Prometheus rule file with the group of one namespace."""
    return yaml.safe_dump({"groups": [rule_group(namespace, operator_namespace)]}, sort_keys=False, width=120)


def loaded(answer: Json, namespaces: Iterable[str], operator_namespace: str) -> dict[str, Alerting]:
    """What Prometheus' `GET /api/v1/rules` says of our rules, by namespace.

    Args:
        answer: the decoded JSON, of any shape: a proxy in between may answer anything.
        namespaces: namespaces that should have rules.
        operator_namespace: the one with the alerts on the shared parts.
    """
    groups = {group["name"]: group for group in _groups(answer)}
    return {name: _verdict(rule_group(name, operator_namespace), groups) for name in namespaces}


def _groups(answer: Json) -> list[Mapping[str, Any]]:
    data = answer.get("data") if isinstance(answer, Mapping) and answer.get("status") == "success" else None
    groups = data.get("groups") if isinstance(data, Mapping) else None
    return [group for group in groups or [] if isinstance(group, Mapping) and isinstance(group.get("name"), str)]


def _verdict(wanted: Mapping[str, Any], groups: Mapping[str, Mapping[str, Any]]) -> Alerting:
    expected = len(wanted["rules"])
    group = groups.get(wanted["name"])
    if group is None:
        return Alerting(expected=expected, error=_absence(wanted["name"], groups))
    found = {rule.get("name"): rule for rule in group.get("rules") or [] if isinstance(rule, Mapping)}
    states = [found.get(name_of(rule), {"health": "err", "lastError": "not in the group"}) for rule in wanted["rules"]]
    broken = [
        f"{name_of(rule)}: {state.get('lastError') or 'health is err'}"
        for rule, state in zip(wanted["rules"], states, strict=True)
        if state.get("health") == "err"
    ]
    healthy = sum(state.get("health") == "ok" for state in states)
    return Alerting(expected=expected, healthy=healthy, error="; ".join(broken))


def _absence(name: str, groups: Mapping[str, Any]) -> str:
    stem = name.rpartition(".")[0] + "."
    if any(other.startswith(stem) for other in groups):
        return f"Prometheus still has an older version than rule group {name}: it has not reloaded, or refused the new file"
    return f"Prometheus does not know rule group {name}: check its ruleSelector, or that it reads ConfigMap {NAME}"


def alerting_condition(alerting: Alerting | None, prometheus_url: str) -> Condition:
    """Alerting of an Agent: whether the alert rules of its namespace are loaded and healthy."""
    kind = ConditionType.ALERTING
    if not prometheus_url:
        return false(
            kind, Reason.PROMETHEUS_MISSING, "alert rules are written but nothing reads them: set operator.prometheusUrl"
        )
    if alerting is None:
        return unknown(kind, Reason.AWAITING_FIRST_OBSERVATION, "Prometheus was not asked yet")
    if alerting.unreachable:
        return unknown(kind, Reason.PROMETHEUS_MISSING, alerting.unreachable)
    if alerting.error:
        return false(kind, Reason.RULES_NOT_LOADED, alerting.error)
    if alerting.healthy < alerting.expected:
        return unknown(kind, Reason.RULES_NOT_LOADED, f"{alerting.healthy} of {alerting.expected} rules were evaluated so far")
    return true(kind, Reason.RULES_LOADED, f"{alerting.expected} of {alerting.expected} rules are loaded and healthy")
