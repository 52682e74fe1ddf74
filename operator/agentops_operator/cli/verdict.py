"""The short answer of an explanation: what is the case, and what to do."""

from agentops_operator.agent.facts import Pod
from agentops_operator.agent.index_types import IndexEntry
from agentops_operator.agent.match import matches, pod_keys
from agentops_operator.agent.types import WorkloadKind
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.cli.pod_facts import PodFacts
from agentops_operator.cli.skipping import reason_and_why
from agentops_operator.kube.names import LABEL_INJECTION

RESTARTABLE = (WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET)


def verdict(facts: PodFacts, pod: Pod, chosen: IndexEntry | None, *, injected: bool) -> tuple[str, str]:
    """What is the case and what to do; the second is empty when nothing is."""
    if injected:
        return _injected(pod, chosen)
    if pod.skipped:
        why = reason_and_why(facts.pod, chosen)[1] if chosen else ""
        return f"not injected: left alone on purpose ({pod.skipped})" + (f", {why}" if why else ""), ""
    if refused := _refused(facts, pod):
        return f"not injected: {refused}", restart(pod)
    if chosen is None:
        return _unclaimed(facts, pod)
    if facts.bound is False:
        return (
            "not injected: injection is switched off in this cluster",
            "ask who removed agentops-inject (policy binding or webhook)",
        )
    if (facts.namespace_labels or {}).get(LABEL_INJECTION) == "Disabled":
        return "not injected: injection is disabled in this namespace", f"remove the namespace's label {LABEL_INJECTION}"
    reason, why = reason_and_why(facts.pod, chosen)
    if reason:
        return f"not injected: {reason}, {why}", ""
    return _too_old(facts, pod, chosen)


def _injected(pod: Pod, chosen: IndexEntry | None) -> tuple[str, str]:
    told = f"injected for Agent {pod.agent}" if pod.agent else "injected"
    if chosen is not None and pod.gateway != chosen.gateway:
        return f"{told}, but before its entry said of the gateway what it says now ({chosen.gateway or 'none'})", restart(pod)
    if not pod.bypass:
        return told, ""
    around, mends = [], []
    if pod.bypass_telemetry:
        around.append(f"{', '.join(pod.bypass_telemetry)} goes around the sidecar")
        mends.append("remove the own OTLP endpoint from the container")
    if pod.bypass_models:
        around.append(f"model calls of {', '.join(pod.bypass_models)} go around the gateway")
        mends.append("remove the own base URL of the provider from the container")
    return f"{told}, but {' and '.join(around)}", "; ".join(mends)


def _refused(facts: PodFacts, pod: Pod) -> str:
    """What the operator says of refusals for the sake of the sidecar; empty when there were none."""
    told = [
        str(entry.get("message", ""))
        for agent in facts.agents
        if matches(agent.spec, pod)
        for entry in agent.status.get("conditions") or ()
        if (entry.get("type"), entry.get("reason")) == (ConditionType.COVERED, Reason.SIDECAR_REFUSED)
    ]
    return next(iter(told), "")


def _unclaimed(facts: PodFacts, pod: Pod) -> tuple[str, str]:
    if facts.is_exempt:
        return f"not injected: pods of namespace {pod.namespace} never are", "run agents in a namespace of their own"
    matching = sorted(agent.key.name for agent in facts.agents if matches(agent.spec, pod))
    if matching:
        told = f"not injected: Agent {', '.join(matching)} matches it, but no entry of the injection index holds for it"
        return told, f"see Accepted of the Agent: agentops status {matching[0]} -n {pod.namespace}"
    return "not injected: no Agent claims it", "point an Agent at its workload, or give it a label that an Agent selects"


def _too_old(facts: PodFacts, pod: Pod, chosen: IndexEntry) -> tuple[str, str]:
    agent = next((item for item in facts.agents if item.key.name == chosen.agent), None)
    created = facts.pod["metadata"].get("creationTimestamp")
    ages = f" (pod of {created}, Agent of {agent.created})" if agent is not None and created else ""
    return f"not injected: it was created before the entry of Agent {chosen.agent} was in the index{ages}", restart(pod)


def restart(pod: Pod) -> str:
    """How the pod's workload is brought to start new pods."""
    for key in pod_keys(pod):
        kind, _, name = key.partition("/")
        if "=" not in key and kind in RESTARTABLE:
            return f"restart it: kubectl rollout restart {kind.lower()}/{name} -n {pod.namespace}"
    if any(kind == WorkloadKind.JOB for kind, _ in pod.owners):
        return "the next run of the Job is injected; one that runs is left alone"
    return f"start it anew: kubectl delete pod {pod.name} -n {pod.namespace}, then apply it again"
