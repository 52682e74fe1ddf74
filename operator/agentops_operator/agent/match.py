"""Which pods are an Agent's: the same rules as the admission policy, told in Python.

A pod is found by keys that can be computed from the pod alone, so that neither side lists anything.
"""

import re

from agentops_operator.agent.facts import Pod
from agentops_operator.agent.types import AgentSpec, TargetRef, WorkloadKind

POD_TEMPLATE_HASH = "pod-template-hash"
CRON_JOB_NAME = re.compile(r"^(.+)-[0-9]+$")  # the CronJob controller appends the scheduled minute


def claim_keys(spec: AgentSpec) -> tuple[str, ...]:
    """Index keys under which pods of the Agent are found; empty when its selector has no usable pair."""
    if spec.target_ref is not None:
        return (target_key(spec.target_ref),)
    if spec.pod_selector is not None:
        return tuple(f"{key}={value}" for key, value in spec.pod_selector.index_pairs())
    return ()


def target_key(target: TargetRef) -> str:
    """`Kind/name`: no label pair has this form, because a pair always holds an equals sign."""
    return f"{target.kind}/{target.name}"


def pod_keys(pod: Pod) -> tuple[str, ...]:
    """All keys under which the pod can be claimed: its labels, and the workload that owns it."""
    labels = tuple(f"{key}={value}" for key, value in pod.labels.items())
    if not pod.owners:
        return (*labels, f"{WorkloadKind.POD}/{pod.name}")
    return labels + tuple(key for kind, name in pod.owners for key in _owner_keys(kind, name, pod))


def _owner_keys(kind: str, name: str, pod: Pod) -> tuple[str, ...]:
    if kind == "ReplicaSet":
        suffix = "-" + pod.labels.get(POD_TEMPLATE_HASH, "")
        return (f"{WorkloadKind.DEPLOYMENT}/{name.removesuffix(suffix)}",) if len(suffix) > 1 and name.endswith(suffix) else ()
    if kind == WorkloadKind.JOB:
        scheduled = CRON_JOB_NAME.match(name)
        cron = (f"{WorkloadKind.CRON_JOB}/{scheduled[1]}",) if scheduled else ()
        return (f"{WorkloadKind.JOB}/{name}", *cron)
    if kind in (WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET):
        return (f"{kind}/{name}",)
    return ()


def matches(spec: AgentSpec, pod: Pod) -> bool:
    """Whether the pod is the Agent's by target or selector; the service account is checked by the relay and at admission."""
    if spec.target_ref is not None:
        return target_key(spec.target_ref) in pod_keys(pod)
    return spec.pod_selector is not None and spec.pod_selector.matches(pod.labels)
