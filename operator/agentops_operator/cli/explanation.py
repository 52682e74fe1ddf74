"""Why a pod got the sidecar or not: the checks of admission, told one by one. Pure: facts in, steps out."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentops_operator.agent.facts import Pod
from agentops_operator.agent.index_types import IndexEntry
from agentops_operator.agent.inject import bypassing, entry_for, ungoverned
from agentops_operator.agent.match import pod_keys
from agentops_operator.agent.skipping import SIDECAR
from agentops_operator.cli.index_checks import Row, rows_of
from agentops_operator.cli.pod_facts import Explanation, Mark, PodFacts, Step, step
from agentops_operator.cli.skipping import has_sidecar, reason_and_why
from agentops_operator.cli.verdict import verdict
from agentops_operator.kube.names import LABEL_INJECTION
from agentops_operator.runtime.parse import parse_pod


def explain(facts: PodFacts) -> Explanation:
    """Explains one pod."""
    pod = parse_pod(facts.pod)
    account = facts.pod["spec"].get("serviceAccountName") or "default"
    rows = rows_of(pod, account, facts.index)
    chosen = entry_for(facts.pod, facts.index)
    injected = has_sidecar(facts.pod)
    steps = (_carries(pod, injected=injected), _switch(facts), *_namespace(facts), _keys(pod, facts.index), *_rows(rows))
    told, mend = verdict(facts, pod, chosen, injected=injected)
    return Explanation(injected, told, mend, (*steps, *_own(facts.pod, chosen)))


def _carries(pod: Pod, *, injected: bool) -> Step:
    if not injected:
        return step(f"it has no init container {SIDECAR}", holds=False)
    return step(f"it carries the sidecar {pod.sidecar or 'of an unknown version'} of Agent {pod.agent or 'unknown'}", holds=True)


def _switch(facts: PodFacts) -> Step:
    if facts.bound is None:
        return Step(Mark.UNKNOWN, "whether injection is switched on: your rights reach neither policy bindings nor webhooks")
    told = "injection is switched on" if facts.bound else "injection is switched off: there is neither policy binding nor webhook"
    return step(told, holds=facts.bound)


def _namespace(facts: PodFacts) -> Iterable[Step]:
    namespace = facts.pod["metadata"]["namespace"]
    if facts.is_exempt:
        yield step(f"pods of namespace {namespace} are never injected", holds=False)
    if facts.namespace_labels is None:
        yield Step(Mark.UNKNOWN, "labels of the namespace: your rights do not reach them")
        return
    label = facts.namespace_labels.get(LABEL_INJECTION)
    told = f"is labelled {LABEL_INJECTION}={label}" if label else f"has no label {LABEL_INJECTION}"
    yield step(f"namespace {namespace} {told}", holds=label != "Disabled")


def _keys(pod: Pod, index: Mapping[str, Any]) -> Step:
    below = tuple(step(key, holds=key in index) for key in pod_keys(pod))
    hits = sum(one.mark is Mark.YES for one in below)
    told = f"{hits} of its {len(below)} keys are in the injection index, which has {len(index)}"
    return step(told, holds=hits > 0, below=below)


def _rows(rows: Iterable[Row]) -> Iterable[Step]:
    for row in rows:
        told = f"entry of Agent {row.entry.agent} under {row.key}" + ("" if row.holds else " does not hold")
        yield step(told, holds=row.holds, below=row.checks)


def _own(body: Mapping[str, Any], chosen: IndexEntry | None) -> Iterable[Step]:
    """What the pod itself says against the sidecar."""
    if chosen is None:
        return
    reason, why = reason_and_why(body, chosen)
    told = f"it is left alone on purpose ({reason}): {why}" if reason else "nothing in it keeps the sidecar out"
    yield step(told, holds=not reason)
    if own := bypassing(body, chosen):
        yield step(f"containers {', '.join(own)} keep an own telemetry endpoint: their spans go around the sidecar", holds=False)
    if own := ungoverned(body, chosen):
        yield step(f"containers {', '.join(own)} keep an own model provider: their calls go around the gateway", holds=False)
