"""Whether the egress of an Agent's pods is restricted, as their sidecars saw it."""

from agentops_operator.agent.claims import Coverage, names
from agentops_operator.agent.egress.allowance import Allowance
from agentops_operator.agent.egress.others import widening
from agentops_operator.agent.egress.policy import egress_rules
from agentops_operator.agent.facts import Input, PodReport
from agentops_operator.agent.observe import Sidecars
from agentops_operator.api.condition import Condition, false, true, unknown
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.kube.names import LABEL_AGENT

ENFORCED = ConditionType.ENFORCED
OPEN, REFUSED = "Open", "Refused"


def egress_enforced(facts: Input, pods: Coverage, running: Sidecars, allowed: Allowance) -> Condition:
    """Enforced, as far as egress goes: every pod tried the canary of the relay, and was refused."""
    return (
        _unselected(facts, pods)
        or _more_than_declared(facts, pods, allowed)
        or _open(running, pods)
        or _unproven(facts, pods, running)
        or true(ENFORCED, Reason.ENFORCED, f"the canary of the relay was refused in {len(pods.injected)} pods")
    )


def refused(running: Sidecars) -> list[PodReport]:
    """Pods in which the canary was refused."""
    return [report for report in running.reports if report.egress == REFUSED]


def _unselected(facts: Input, pods: Coverage) -> Condition | None:
    """Pods that nothing restricts or proves: no sidecar, or no label by which a NetworkPolicy finds them."""
    without = [pod.name for pod in (*pods.missed, *pods.skipped)]
    if without:
        return false(ENFORCED, Reason.NOT_COVERED, f"pods {names(without)} carry no sidecar, so their egress is not proven")
    if facts.agent.spec.pod_selector is not None:
        return None
    older = [pod.name for pod in pods.injected if pod.labels.get(LABEL_AGENT) != facts.agent.key.name]
    if not older:
        return None
    told = f"pods {names(older)} lack the label {LABEL_AGENT}, by which the NetworkPolicy finds them: restart them"
    return false(ENFORCED, Reason.RESTART_REQUIRED, told)


def _more_than_declared(facts: Input, pods: Coverage, allowed: Allowance) -> Condition | None:
    if allowed.refused:
        told = f"allow lists {names(list(allowed.refused))}, which no platform policy lets Agents here list: it is left out; "
        return false(ENFORCED, Reason.EGRESS_NOT_ALLOWED, told + "remove it, or ask for it in egress.allowedCidrs")
    wider = widening(facts.network, pods.own, egress_rules(allowed, facts.settings))
    if not wider:
        return None
    told = f"NetworkPolicies {names(wider)} select its pods too and allow more, and they add up: narrow them, or list it in allow"
    return false(ENFORCED, Reason.EGRESS_WIDENED, told)


def _open(running: Sidecars, pods: Coverage) -> Condition | None:
    reached = [report.name for report in running.reports if report.egress == OPEN]
    if not reached:
        return None
    where = "every pod that tried" if not refused(running) else f"{len(reached)} of {len(pods.injected)} pods ({names(reached)})"
    told = f"{where} reached the canary, which nothing allows: the cluster's network does not enforce NetworkPolicies there"
    return false(ENFORCED, Reason.NETWORK_POLICY_NOT_ENFORCED, told)


def _unproven(facts: Input, pods: Coverage, running: Sidecars) -> Condition | None:
    if not pods.own:
        return unknown(ENFORCED, Reason.NO_PODS_MATCHED, "no pod matches now")
    if not facts.relay.reachable:
        return unknown(ENFORCED, Reason.RELAY_UNREACHABLE, facts.relay.error or "the relay was not reached yet")
    if not facts.relay.greets:
        told = "the canary of the relay greets nobody, not even the operator, so that a refusal proves nothing"
        return unknown(ENFORCED, Reason.CANARY_SILENT, told)
    tried = len(refused(running))
    if tried < len(pods.injected):
        told = f"{tried} of {len(pods.injected)} pods have tried the canary so far"
        return unknown(ENFORCED, Reason.AWAITING_FIRST_OBSERVATION, told)
    return None
