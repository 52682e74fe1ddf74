"""The step from facts to plan: pure, so that the same facts always give the same objects."""

from dataclasses import dataclass, replace
from typing import Any

from agentops_operator.agent.alert_rules import alerting_condition
from agentops_operator.agent.binding import Bound, bound
from agentops_operator.agent.claims import Coverage, accepted_agent, coverage, covered, misled
from agentops_operator.agent.egress.allowance import Allowance, allowance
from agentops_operator.agent.egress.outcome import Restricted, restrict
from agentops_operator.agent.evaluations import cron_jobs, evaluation_outcomes, soonest_look
from agentops_operator.agent.facts import Input, Resource
from agentops_operator.agent.gateway.outcomes import ThroughGateway, through_gateway
from agentops_operator.agent.index import index_rows
from agentops_operator.agent.index_types import Gateway
from agentops_operator.agent.observe import Sidecars, hashing_enforced, masking_enforced, programmed, sidecars, tracing_enforced
from agentops_operator.agent.plan import BackendUse, Outcome, Plan
from agentops_operator.agent.refused import refused
from agentops_operator.agent.types import SHOWN_POLICIES, AgentSpec
from agentops_operator.api.condition import Condition, false, kstatus, true, unknown
from agentops_operator.api.kind import API_VERSION
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.kube.children import agent_labels, child_name, owner_reference, stamp
from agentops_operator.kube.digest import canonical, digest
from agentops_operator.kube.names import RULES_KEY
from agentops_operator.policies.masking.compile import merge_masking, rules_file
from agentops_operator.policies.trace.compile import Masking, Tracing, allowed, merge_tracing


@dataclass(frozen=True)
class Merged:
    """All policies of one Agent, merged."""

    policies: Bound
    rules: dict[str, Any]
    hash_key_secret: str
    tracing: Tracing
    backends: tuple[BackendUse, ...]
    refused_backends: tuple[str, ...]
    egress: Allowance


def compile_agent(facts: Input) -> Plan:
    """Everything that should exist because of the Agent, and what its status should say."""
    accepted = accepted_agent(facts)
    merged = merge(facts)
    alerting = alerting_condition(facts.alerting, facts.settings.prometheus_url)
    if not accepted.holds:
        return _refused(accepted, merged, alerting)
    pods = coverage(facts)
    running = sidecars(facts, pods, merged.rules["digest"])
    identity = _identity(facts, merged)
    gateway = through_gateway(facts, pods, merged.policies, facts.agent.spec.execution)
    progress = _slower(programmed(facts, pods, running, identity["digest"]), gateway)
    egress = restrict(facts, pods, running, merged.egress)
    policies = _outcomes(facts, merged, pods, running, progress, identity["digest"], gateway)
    outcomes = (*policies, *egress.judged(gateway.outcomes))
    enforced = _fold(facts, pods, running, outcomes, gateway, egress)
    refusal = refused(facts, pods)
    coverage_told = refusal.condition or covered(pods, facts.agent.spec.service_account_name or "", gateway.way)
    looks = [soonest_look(facts, merged.policies.others), refusal.again_seconds]
    return Plan(
        children=(rules_config_map(facts.agent, merged.rules), *egress.children, *cron_jobs(facts, merged.policies.others)),
        entries=() if refusal.withdrawn else _rows(facts.agent, merged, gateway.way),
        identity=identity,
        backends=merged.backends,
        outcomes=outcomes,
        conditions=(*kstatus(accepted, progress, facts.apply_error), accepted, progress, enforced, coverage_told, alerting),
        status={**_status(facts, merged, pods, running, gateway.way), **dict(egress.status)},
        gateway=gateway.row,
        again_seconds=min((seconds for seconds in looks if seconds is not None), default=None),
    )


def _rows(agent: Resource[AgentSpec], merged: Merged, way: Gateway) -> tuple[tuple[str, dict[str, Any]], ...]:
    tracing = merged.tracing
    told = (tracing.capture, tracing.opt_out, tracing.on_bypass)
    return index_rows(agent, rules_name(agent), merged.hash_key_secret, *told, gateway=way)


def _slower(progress: Condition, gateway: ThroughGateway) -> Condition:
    """Programmed of the Agent waits for the gateway too, where the Agent has a part in its plan."""
    if not progress.holds or gateway.progress is None or gateway.progress.holds:
        return progress
    return gateway.progress


def merge(facts: Input) -> Merged:
    """Merges the policies that bind the Agent."""
    policies = bound(facts)
    home = facts.settings.operator_namespace
    masking = merge_masking(policy.spec for policy in policies.masking)
    tracing = merge_tracing(
        [p.spec for p in policies.tracing if p.key.namespace == home],
        [p.spec for p in policies.tracing if p.key.namespace != home],
        _masking(policies, home),
    )
    uses = [
        (p.key.namespace != home, BackendUse(f"{p.key.namespace}/{p.key.name}/{b.name}", p.key.namespace, b))
        for p in policies.tracing
        for b in p.spec.backends
    ]
    refused = [use.name for tenant, use in uses if tenant and not allowed(use.backend, policies.restrictions)]
    return Merged(
        policies=policies,
        rules=rules_file(masking, tracing.capture),
        hash_key_secret=masking.hash_key.secret_name if masking.hash_key else "",
        tracing=tracing,
        backends=tuple(use for _, use in uses if use.name not in refused),
        refused_backends=tuple(refused),
        egress=allowance(facts.agent.spec, policies.fallbacks, home),
    )


def _masking(policies: Bound, home: str) -> Masking:
    if any(policy.key.namespace == home for policy in policies.masking):
        return Masking.PLATFORM
    return Masking.NAMESPACE if policies.masking else Masking.NOBODY


def rules_name(agent: Resource[AgentSpec]) -> str:
    """Name of the Agent's rules ConfigMap."""
    return child_name(agent.key.name, "agentops-rules")


def rules_config_map(agent: Resource[AgentSpec], rules: dict[str, Any]) -> dict[str, Any]:
    """The ConfigMap with the rules, one key per format version; older sidecars read the key that they know."""
    content = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": rules_name(agent)},
        "data": {RULES_KEY: canonical(rules)},
    }
    owner = owner_reference(API_VERSION, "Agent", agent.key.name, agent.uid)
    return stamp(content, agent.key.namespace, owner, agent_labels(agent.key.name))


def _identity(facts: Input, merged: Merged) -> dict[str, Any]:
    spec = facts.agent.spec
    row = {
        "team": team(facts),
        "useCase": spec.use_case or "",
        "serviceAccountName": spec.service_account_name or "",
        "backends": sorted(use.name for use in merged.backends),
        "samplePercent": merged.tracing.sample_percent,
        **({"probeEgress": True} if merged.egress.enforced else {}),
    }
    return {**row, "digest": digest(row)}


def team(facts: Input) -> str:
    """The team that is charged: from the namespace, which admins own, never from the Agent."""
    return facts.namespace_labels.get(facts.settings.team_label, "")


def _outcomes(
    facts: Input,
    merged: Merged,
    pods: Coverage,
    running: Sidecars,
    progress: Condition,
    row: str,
    gateway: ThroughGateway,
) -> tuple[Outcome, ...]:
    masking = masking_enforced(facts, pods, running)
    hashing = (hashing_enforced(facts, running, merged.hash_key_secret) if masking.holds else None) or masking
    outcomes, slow = [], None if gateway.progress is None or gateway.progress.holds else gateway.progress
    for key, spec in ((policy.key, policy.spec) for policy in merged.policies.masking):
        seen = _guarded(hashing if spec.hash_key else masking, gateway.guards.get(key))
        outcomes.append(Outcome(key, progress.holds, seen.holds, seen, progress=slow if gateway.guards else None))
    for policy in merged.policies.tracing:
        prefix = f"{policy.key.namespace}/{policy.key.name}/"
        own = tuple(use for use in merged.backends if use.name.startswith(prefix))
        seen = _refused_backend(merged, prefix) or tracing_enforced(facts, pods, running, row, own)
        outcomes.append(Outcome(policy.key, progress.holds, seen.holds, seen))
    return (*outcomes, *evaluation_outcomes(facts, merged.policies.others))


def _guarded(masked: Condition, guarded: Condition | None) -> Condition:
    """Enforced of a MaskingPolicy: in the pods, and where calls pass the gateway by what was seen of it there, too."""
    if guarded is None:
        return masked
    seen = _together(masked, guarded)
    return replace(seen, reason=guarded.reason) if seen.holds else seen


def _refused_backend(merged: Merged, prefix: str) -> Condition | None:
    refused = [name.removeprefix(prefix) for name in merged.refused_backends if name.startswith(prefix)]
    if not refused:
        return None
    return false(
        ConditionType.ENFORCED,
        Reason.BACKEND_NOT_ALLOWED,
        f"backends {', '.join(refused)} are not in allowedBackends of the platform: ask for them, or remove them",
    )


def _fold(
    facts: Input,
    pods: Coverage,
    running: Sidecars,
    outcomes: tuple[Outcome, ...],
    gateway: ThroughGateway,
    egress: Restricted,
) -> Condition:
    """Enforced of the Agent: masking always, since the safe default holds without any policy; then each policy."""
    own = masking_enforced(facts, pods, running)
    limits = (condition for condition in (gateway.own, egress.condition) if condition is not None)
    return _together(own, *limits, *(outcome.condition for outcome in outcomes))


def _together(*conditions: Condition) -> Condition:
    """The first that is False, else the first that is Unknown; else all of them hold."""
    if len(conditions) == 1:
        return conditions[0]
    for wanted in ("False", "Unknown"):
        worst = next((c for c in conditions if c.status == wanted), None)
        if worst is not None:
            return worst
    messages = dict.fromkeys(part for condition in conditions for part in condition.message.split("; "))
    return true(ConditionType.ENFORCED, Reason.ENFORCED, "; ".join(messages))


def _refused(accepted: Condition, merged: Merged, alerting: Condition) -> Plan:
    programmed = false(ConditionType.PROGRAMMED, Reason.NOT_ACCEPTED, "nothing is applied, see Accepted")
    enforced = false(ConditionType.ENFORCED, Reason.NOT_ACCEPTED, "nothing is in force, see Accepted")
    outcomes = tuple(Outcome(p.key, programmed=False, enforced=False, condition=enforced) for p in merged.policies.every)
    uncovered = unknown(ConditionType.COVERED, Reason.NOT_ACCEPTED, "see Accepted")
    return Plan(
        outcomes=outcomes,
        conditions=(*kstatus(accepted, programmed), accepted, programmed, enforced, uncovered, alerting),
        status={"traced": "0/0", "policies": _policies(merged)},
    )


def _status(facts: Input, merged: Merged, pods: Coverage, running: Sidecars, way: Gateway) -> dict[str, Any]:
    return {
        "traced": f"{len(running.current)}/{len(pods.own)}",
        "pods": {
            "matched": len(pods.own),
            "injected": len(pods.injected),
            "reporting": len(running.current),
            "outdated": len({*(pod.uid for pod in pods.outdated), *(pod.uid for pod in misled(pods, way))}),
            "skipped": len(pods.skipped),
            "bypassed": len(pods.bypassed),
        },
        "team": team(facts),
        "capture": str(merged.tracing.capture),
        "rulesDigest": merged.rules["digest"],
        "policies": _policies(merged),
        **({"unlistedHolds": facts.unlisted_holds} if facts.unlisted_holds else {}),
    }


def _policies(merged: Merged) -> list[dict[str, str]]:
    shown = merged.policies.every[:SHOWN_POLICIES]  # with one more than the schema takes, no status would be written any more
    return [{"kind": p.key.kind, "namespace": p.key.namespace, "name": p.key.name} for p in shown]
