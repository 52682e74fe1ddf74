"""Which pods are an Agent's: the same rules as the admission policy, told in Python.

A pod is found by keys that can be computed from the pod alone, so that neither side lists anything.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from agentops_operator.agent.facts import Pod
from agentops_operator.agent.types import AgentSpec, TargetRef, WorkloadKind

POD_TEMPLATE_HASH = "pod-template-hash"
CRON_JOB_NAME = re.compile(r"(.+)-[0-9]+")  # the CronJob controller appends the scheduled minute
OWNER_GROUPS = {"ReplicaSet": "apps", "StatefulSet": "apps", "DaemonSet": "apps", "Job": "batch"}


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


def controllers(owners: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Kind and name of the owners that control; a kind of a foreign API group is written `group/Kind`, so it is none of ours."""
    return tuple((_kind(owner), str(owner.get("name", ""))) for owner in owners if owner.get("controller"))


def _kind(owner: Mapping[str, Any]) -> str:
    kind, group = str(owner.get("kind", "")), str(owner.get("apiVersion", "")).rpartition("/")[0]
    return kind if OWNER_GROUPS.get(kind, group) == group else f"{group}/{kind}"


def pod_keys(pod: Pod) -> tuple[str, ...]:
    """All keys under which the pod can be claimed: its labels, and the workload that owns it."""
    return keys_of(pod.labels, pod.owners, pod.name)


def keys_of(labels: Mapping[str, str], owners: Iterable[tuple[str, str]], name: str) -> tuple[str, ...]:
    """All keys of a pod with these labels, these controllers and this name, which is empty while it is being generated."""
    pairs = tuple(f"{key}={value}" for key, value in labels.items())
    found = tuple(owners)
    if found:
        return pairs + tuple(key for kind, owner in found for key in owner_keys(kind, owner, labels))
    return (*pairs, f"{WorkloadKind.POD}/{name}") if name else pairs


def owner_keys(kind: str, name: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Keys of the workload behind a pod's controller; the labels are those of the pod, for the hash in a ReplicaSet's name."""
    if kind == "ReplicaSet":
        suffix = "-" + labels.get(POD_TEMPLATE_HASH, "")
        return (f"{WorkloadKind.DEPLOYMENT}/{name.removesuffix(suffix)}",) if len(suffix) > 1 and name.endswith(suffix) else ()
    if kind == WorkloadKind.JOB:
        scheduled = CRON_JOB_NAME.fullmatch(name)
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
