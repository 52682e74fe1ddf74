"""Alert rules, judged by promtool, and how the operator tells whether Prometheus runs them."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentops_operator.agent.alert_rules import (
    alerting_condition,
    loaded,
    name_of,
    prometheus_rule,
    rule_file,
    rule_group,
    rules_config_map,
)
from agentops_operator.agent.alerts import PLATFORM, RECORDINGS, TENANT
from agentops_operator.agent.facts import Alerting, Settings
from tests.agent.promtool import HOME, fired, judge, promtool

RULES = len(RECORDINGS) + len(TENANT)
GOLDEN = Path(__file__).parent / "alert_rules"
DOCS = Path(__file__).parents[2] / "docs" / "alerts.md"
BILLING = {"namespace": "shop", "agent": "billing"}
POD = 'agentops_agent_pods{namespace="shop",agent="billing",state="%s"%s}'

USED = 'agentops_budget_used_ratio{namespace="shop",budget="daily",scope="shop/billing"}'
DAILY = {"namespace": "shop", "budget": "daily", "scope": "shop/billing"}
STEP = 'agentops_budget_step{namespace="shop",budget="daily",scope="shop/billing",step="%s"}'
HOLD = (
    'agentops_run_hold_cost_usd{namespace="shop",agent="billing",hold="billing-1",run="order-7",reason="MaxSteps",'
    'limit="50",link="https://runs/order-7",pod="%s"}'
)
HELD_RUN = {
    "namespace": "shop", "agent": "billing", "hold": "billing-1", "run": "order-7", "reason": "MaxSteps", "limit": "50",
    "link": "https://runs/order-7",
}  # fmt: skip
HELD = 'agentops_held_runs{namespace="shop",agent="billing",state="%s",pod="%s"}'
CALLER = '{k8s_namespace_name="shop",dev_agentops_agent="billing",gen_ai_request_model="chat"}'
CALLS = {"k8s_namespace_name": "shop", "dev_agentops_agent": "billing", "gen_ai_request_model": "chat"}
ATTEMPTS = 'agentops_gateway_attempts_total{target="shop/chat/a",class="%s"}'

# id: (namespace, series, alert, time, labels of the alerts that must fire, their value)
FIRES: dict[str, tuple[str, dict[str, str], str, str, list[dict[str, str]], str]] = {
    "a pod without sidecar for ten minutes": (
        "shop", {POD % ("missed", ""): "2x20"}, "AgentOpsInjectionMissed", "10m", [BILLING], "2",
    ),
    "two operator pods count a missed pod once": (
        "shop",
        {POD % ("missed", ',pod="a"'): "1x20", POD % ("missed", ',pod="b"'): "1x20"},
        "AgentOpsInjectionMissed", "10m", [BILLING], "1",
    ),
    "a model call that went past the gateway": (
        "shop",
        {'agentops_calls_direct_total{namespace="shop",agent="billing"}': "0+1x20"},
        "AgentOpsCallsGoDirect", "10m", [BILLING], "10",
    ),
    "a leaked canary at once": (
        "shop",
        {'agentops_mask_leaks{namespace="shop",agent="billing"}': "0 1"},
        "AgentOpsMaskingLeak", "1m", [BILLING], "1",
    ),
    "telemetry that is dropped all the time": (
        "shop",
        {'agentops_mask_dropped_total{namespace="shop",agent="billing"}': "0+5x30"},
        "AgentOpsTelemetryDropped", "20m", [BILLING], "50",
    ),
    "a policy that is not in force": (
        "shop",
        {'agentops_condition{kind="MaskingPolicy",namespace="shop",name="pii",type="Enforced"}': "0x30"},
        "AgentOpsNotEnforced", "15m", [{"kind": "MaskingPolicy", "namespace": "shop", "name": "pii"}], "0",
    ),
    "an old sidecar after a day": (
        "shop", {POD % ("outdated", ""): "1x1500"}, "AgentOpsSidecarOutdated", "24h", [BILLING], "1",
    ),
    "a back end that takes nothing": (
        "shop", {'agentops_backend_up{backend="shop/traces/phoenix"}': "0x20"}, "AgentOpsBackendDown", "10m",
        [{"backend": "shop/traces/phoenix"}], "0",
    ),
    "a platform back end in the platform's own group": (
        HOME, {f'agentops_backend_up{{backend="{HOME}/traces/phoenix"}}': "0x20"}, "AgentOpsBackendDown", "10m",
        [{"backend": f"{HOME}/traces/phoenix"}], "0",
    ),
    "an operator without leader": (
        HOME, {'leader_election_master_status{name="agentops"}': "0x20"}, "AgentOpsOperatorDown", "10m", [{}], "1",
    ),
    "an operator without leader beside another one that leads": (
        HOME, {'leader_election_master_status{name="cert-manager"}': "1x20"}, "AgentOpsOperatorDown", "10m", [{}], "1",
    ),
    "errors that do not end": (
        HOME,
        {'controller_runtime_reconcile_errors_total{controller="agentops"}': "0+1x60"},
        "AgentOpsOperatorNotReconciling", "45m", [{"controller": "agentops"}], "10",
    ),
    "an observer that fails again and again": (
        HOME, {'agentops_background_failures_total{name="usage"}': "0+1x60"}, "AgentOpsOperatorNotReconciling", "45m",
        [{"name": "usage"}], "10",
    ),
    "a relay that does not answer": (
        HOME, {"agentops_relay_reachable": "0x20"}, "AgentOpsRelayUnreachable", "10m", [{}], "0",
    ),
    "tokens that are refused": (
        HOME, {'agentops_relay_refused_total{reason="Audience"}': "0+1x60"}, "AgentOpsRelayRefused", "30m",
        [{"reason": "Audience"}], "10",
    ),
    "a budget that is used up": ("shop", {USED: "0.9 1"}, "AgentOpsBudgetExhausted", "1m", [DAILY], "1"),
    "a budget at a step of its ladder": (
        "shop", {STEP % "Alert": "0 1 1"}, "AgentOpsBudgetStep", "1m", [{**DAILY, "step": "Alert"}], "1",
    ),
    "more held runs than get a record, which two operator pods count once": (
        "shop", {HELD % ("Held", "a"): "20 21 21", HELD % ("Held", "b"): "20 21 21"}, "AgentOpsRunsHeld", "1m", [BILLING], "21",
    ),
    "a held run that two operator pods tell of": (
        "shop", {HOLD % "a": "0.25x3", HOLD % "b": "0.25x3"}, "AgentOpsRunHeld", "1m", [HELD_RUN], "0.25",
    ),
    "a budget that will not last": (
        # 0.15 an hour from 0.5 on: in four hours it is past the limit.
        "shop", {USED: "0.5+0.0025x120"}, "AgentOpsBudgetForecast", "90m", [DAILY], "0.725",
    ),
    "a budget that burns": ("shop", {USED: "0+0.0078125x120"}, "AgentOpsBudgetBurn", "70m", [DAILY], "0.46875"),
    "calls that another provider answers": (
        "shop", {f"agentops_gateway_fallbacks_total{CALLER}": "0+1x30"}, "AgentOpsFallbackEngaged", "20m", [CALLS], "10",
    ),
    "calls without a price": (
        "shop", {f"agentops_gateway_unpriced_calls_total{CALLER}": "0+1x120"}, "AgentOpsCostUnknown", "90m", [CALLS], "60",
    ),
    "a gateway that does not answer": (
        HOME, {"agentops_gateway_reachable": "0x20"}, "AgentOpsGatewayUnreachable", "10m", [{}], "0",
    ),
    "a plan that one replica refuses": (
        HOME, {'agentops_gateway_plan_refused{pod="a"}': "0x20", 'agentops_gateway_plan_refused{pod="b"}': "1x20"},
        "AgentOpsGatewayPlanRefused", "5m", [{}], "1",
    ),
    "a limit that lets a probe pass in one replica": (
        HOME, {'agentops_gateway_probe_checks{pod="a",result="NotObserved"}': "0x20",
               'agentops_gateway_probe_checks{pod="b",result="NotObserved"}': "2x20"},
        "AgentOpsLimitNotHeld", "2m", [{}], "2",
    ),
    "limits that nobody probes any more": (
        HOME, {"agentops_gateway_probe_oldest_seconds": "0+60x180"}, "AgentOpsLimitsNotProbed", "150m", [{}], "9000",
    ),
    "a state store that one replica does not reach": (
        HOME, {'agentops_gateway_state_store_up{pod="a"}': "1x20", 'agentops_gateway_state_store_up{pod="b"}': "0x20"},
        "AgentOpsStateStoreDown", "2m", [{}], "0",
    ),
    "a state store that may lose counts": (
        HOME, {'agentops_gateway_state_store_forgets{pod="a"}': "0x20", 'agentops_gateway_state_store_forgets{pod="b"}': "1x20"},
        "AgentOpsStateStoreForgets", "10m", [{}], "1",
    ),
    "a provider that fails every other call": (
        HOME, {ATTEMPTS % "Answered": "0+6x60", ATTEMPTS % "ServerError": "0+6x60"},
        "AgentOpsProviderDegraded", "30m", [{"target": "shop/chat/a"}], "0.5",
    ),
}  # fmt: skip
SILENT: dict[str, tuple[str, dict[str, str], str, str]] = {
    "a pod that was replaced in time": ("shop", {POD % ("missed", ""): "1x5 0x20"}, "AgentOpsInjectionMissed", "14m"),
    "another namespace's pods": (
        "shop", {'agentops_agent_pods{namespace="other",agent="x",state="missed"}': "1x20"}, "AgentOpsInjectionMissed", "12m",
    ),
    "a namespace whose name begins alike": (
        "shop", {'agentops_backend_up{backend="shop-2/traces/phoenix"}': "0x20"}, "AgentOpsBackendDown", "15m",
    ),
    "an effect that nobody could observe yet": (
        "shop",
        {'agentops_condition{kind="Agent",namespace="shop",name="a",type="Enforced"}': "-1x30"},
        "AgentOpsNotEnforced", "20m",
    ),
    "a burst of drops that is over": (
        "shop", {'agentops_mask_dropped_total{namespace="shop",agent="billing"}': "0 5x40"}, "AgentOpsTelemetryDropped", "25m",
    ),
    "a hand-over of leadership": (
        HOME,
        {
            'leader_election_master_status{name="agentops",pod="a"}': "1x5 0x20",
            'leader_election_master_status{name="agentops",pod="b"}': "0x6 1x20",
        },
        "AgentOpsOperatorDown", "20m",
    ),
    "a single failed pass": (
        HOME,
        {'controller_runtime_reconcile_errors_total{controller="agentops"}': "0x5 1x60"},
        "AgentOpsOperatorNotReconciling", "45m",
    ),
    "a budget that is used evenly over its month": ("shop", {USED: "0.5+0.00002x300"}, "AgentOpsBudgetForecast", "4h"),
    "a budget that burned and stopped": ("shop", {USED: "0+0.03x10 0.3x60"}, "AgentOpsBudgetBurn", "40m"),
    "a window that began anew": ("shop", {USED: "0.9x10 0x60"}, "AgentOpsBudgetExhausted", "20m"),
    "a provider with a failure now and then": (
        HOME, {ATTEMPTS % "Answered": "0+60x60", ATTEMPTS % "Timeout": "0+1x60"}, "AgentOpsProviderDegraded", "40m",
    ),
    "runs that persons took over": ("shop", {HELD % ("TakenOver", "a"): "30x20"}, "AgentOpsRunsHeld", "10m"),
    "an installation without a gateway": (HOME, {"up": "1x30"}, "AgentOpsGatewayUnreachable", "20m"),
}  # fmt: skip


@pytest.mark.parametrize("namespace", ["shop", HOME])
def test_rule_file_is_the_golden_one_and_promtool_accepts_it(namespace: str) -> None:
    """The reviewed rule file is what is written, and Prometheus' own checker takes it."""
    golden = GOLDEN / f"{namespace}.rules.yaml"
    got = rule_file(namespace, HOME)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(got)
    assert got == golden.read_text()
    verdict = promtool("check", "rules", golden)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.parametrize("case", FIRES.values(), ids=FIRES)
def test_alert_fires(case: Any, tmp_path: Path) -> None:
    """The alert fires, with the labels that route it and a text that names what is concerned."""
    namespace, series, alert, at, labels, value = case
    verdict = judge(tmp_path, namespace, series, alert, at, [fired(namespace, alert, each, value) for each in labels])
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.parametrize("case", SILENT.values(), ids=SILENT)
def test_alert_stays_silent(case: Any, tmp_path: Path) -> None:
    """Nobody is woken by what mends itself, or by what is somebody else's."""
    verdict = judge(tmp_path, *case, expected=[])
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_every_alert_has_a_case_that_fires() -> None:
    """An alert that was never seen firing may be one that cannot."""
    assert {alert.name for alert in (*TENANT, *PLATFORM)} == {case[2] for case in FIRES.values()}


@pytest.mark.parametrize("alert", [*TENANT, *PLATFORM], ids=lambda alert: alert.name)
def test_alert_is_documented(alert: Any) -> None:
    """The page on alerts has a section for each, so that on-call finds what to do."""
    section = DOCS.read_text().partition(f"### {alert.name}\n")[2].partition("\n### ")[0]
    assert alert.severity in section
    assert alert.hold in section or alert.hold == "0m"


def test_config_map_holds_a_rule_file_a_namespace_and_always_the_operators() -> None:
    """Namespaces in any order, or twice, give one object; the shared parts are watched even without Agents."""
    made = rules_config_map(["shop", "bank", "shop"], Settings(operator_uid="u"))
    assert list(made["data"]) == [f"{HOME}.rules.yaml", "bank.rules.yaml", "shop.rules.yaml"]
    assert made == rules_config_map(["bank", "shop"], Settings(operator_uid="u"))
    assert made["metadata"]["ownerReferences"][0]["uid"] == "u"
    assert list(rules_config_map([], Settings())["data"]) == [f"{HOME}.rules.yaml"]


def test_prometheus_rule_holds_the_same_group_as_the_file() -> None:
    """Both ways to hand over the rules carry the same ones."""
    made = prometheus_rule("shop", HOME)
    assert made["spec"] == yaml.safe_load(rule_file("shop", HOME))
    assert (made["metadata"]["namespace"], made["kind"]) == ("shop", "PrometheusRule")


def answer(**health: str) -> dict[str, Any]:
    """What Prometheus answers when it has the group of namespace shop; `health` overrides by alert."""
    group = rule_group("shop", HOME)
    rules = [
        {"type": "alerting", "name": name_of(rule), "health": health.get(name_of(rule), "ok"), "lastError": "bad series"}
        for rule in group["rules"]
    ]
    return {"status": "success", "data": {"groups": [{"name": group["name"], "file": "x", "rules": rules}]}}


def condition(reply: Any) -> str:
    """Alerting after this answer, as text."""
    verdict = alerting_condition(loaded(reply, ["shop"], HOME)["shop"], "http://prometheus")
    return f"{verdict.status} {verdict.reason}: {verdict.message}"


def test_all_rules_ok_is_alerting() -> None:
    """Alerting is True only when each rule is loaded and healthy."""
    assert condition(answer()) == f"True RulesLoaded: {RULES} of {RULES} rules are loaded and healthy"


def test_rule_that_fails_is_named_with_its_error() -> None:
    """A rule that cannot be evaluated would never fire; the condition says which and why."""
    got = condition(answer(AgentOpsBackendDown="err"))
    assert got == "False RulesNotLoaded: AgentOpsBackendDown: bad series"


def test_rule_that_was_not_evaluated_yet_is_unknown() -> None:
    """Right after loading nothing is proved, so nothing is claimed."""
    said = f"Unknown RulesNotLoaded: {RULES - 1} of {RULES} rules were evaluated so far"
    assert condition(answer(AgentOpsBackendDown="unknown")) == said


def test_rule_that_is_missing_in_the_group_is_named() -> None:
    """A group of the right name with a rule less is not the one that was written."""
    reply = answer()
    del reply["data"]["groups"][0]["rules"][0]
    assert condition(reply) == "False RulesNotLoaded: agentops:budget_used_ratio:delta10m: not in the group"


def test_older_version_of_the_group_is_not_the_wanted_one() -> None:
    """Prometheus keeps old rules when it refuses a new file; the digest in the name shows it."""
    reply = answer()
    reply["data"]["groups"][0]["name"] = "agentops.shop.00000000"
    assert "still has an older version" in condition(reply)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        "<html>",
        {},
        {"status": "error"},
        {"status": "success", "data": None},
        {"status": "success", "data": {"groups": [1]}},
    ],
    ids=str,
)
def test_answer_without_our_group_is_not_loaded(reply: Any) -> None:
    """Whatever a proxy answers, nothing that was not seen is called loaded."""
    assert condition(reply).startswith("False RulesNotLoaded: Prometheus does not know rule group agentops.shop.")


def test_without_prometheus_alerting_is_false_and_says_what_to_set() -> None:
    """Rules that nothing reads are never shown as in force."""
    got = alerting_condition(None, "")
    assert (got.status, got.reason) == ("False", "PrometheusMissing")
    assert "operator.prometheusUrl" in got.message


def test_prometheus_that_does_not_answer_leaves_alerting_unknown() -> None:
    """An outage of Prometheus is no proof that rules are gone."""
    got = alerting_condition(Alerting(unreachable="connection refused"), "http://prometheus")
    assert (got.status, got.reason, got.message) == ("Unknown", "PrometheusMissing", "connection refused")
