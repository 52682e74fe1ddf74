"""Agents as `agentops status` tells them: conditions, pods, policies. Pure: objects in, report and tree out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.facts import Pod, Resource
from agentops_operator.agent.match import matches
from agentops_operator.agent.types import AgentSpec
from agentops_operator.cli.tree import Branch
from agentops_operator.cli.verdict import restart

MARKS = {"True": "✓", "False": "✗", "Unknown": "?"}
INVERTED = ("Reconciling", "Stalled")  # here True is what needs a look
HIDDEN = {"Reconciling": "False", "Stalled": "False"}  # nothing to tell in this state


@dataclass(frozen=True)
class Objects:
    """What was read of the cluster; a policy that the user may not read is missing in `policies`."""

    agent: Mapping[str, Any]
    parsed: Resource[AgentSpec] | None
    pods: Sequence[Pod]
    policies: Mapping[tuple[str, str, str], Mapping[str, Any]]


def report(objects: Objects) -> dict[str, Any]:
    """Everything about one Agent, as data."""
    metadata, status = objects.agent["metadata"], objects.agent.get("status") or {}
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "enforced": condition(objects.agent, "Enforced")["status"],
        "current": status.get("observedGeneration", -1) == metadata.get("generation", 0),
        "traced": status.get("traced", ""),
        "capture": status.get("capture", ""),
        "team": status.get("team", ""),
        "conditions": [_plain(entry) for entry in status.get("conditions") or []],
        "pods": [_pod(pod, metadata["name"]) for pod in _own_pods(objects)],
        "policies": [_policy(ref, objects.policies) for ref in status.get("policies") or []],
    }


def condition(obj: Mapping[str, Any], kind: str) -> dict[str, str]:
    """A condition of an object; one that is absent is Unknown."""
    entries = (obj.get("status") or {}).get("conditions") or []
    found = next((entry for entry in entries if entry.get("type") == kind), {"type": kind})
    return _plain(found)


def _plain(entry: Mapping[str, Any]) -> dict[str, str]:
    return {
        "type": entry["type"],
        "status": entry.get("status", "Unknown"),
        "reason": entry.get("reason", "AwaitingFirstObservation"),
        "message": entry.get("message", ""),
        "since": entry.get("lastTransitionTime", ""),
    }


def _own_pods(objects: Objects) -> list[Pod]:
    if objects.parsed is None:
        return []
    spec = objects.parsed.spec
    return sorted((pod for pod in objects.pods if matches(spec, pod) and not pod.terminating), key=lambda pod: pod.name)


def _pod(pod: Pod, agent: str) -> dict[str, Any]:
    if pod.sidecar and pod.agent == agent:
        bypass = f", but {', '.join(pod.bypass)} goes around it" if pod.bypass else ""
        return {"name": pod.name, "state": "bypassed" if bypass else "injected", "why": f"sidecar {pod.sidecar}{bypass}"}
    if pod.skipped:
        return {"name": pod.name, "state": "skipped", "why": f"left alone on purpose: {pod.skipped}"}
    if pod.sidecar:
        return {"name": pod.name, "state": "missed", "why": f"injected for Agent {pod.agent}"}
    return {"name": pod.name, "state": "missed", "why": f"no sidecar; {restart(pod)}"}


def _policy(ref: Mapping[str, str], policies: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> dict[str, Any]:
    found = policies.get((ref["kind"], ref["namespace"], ref["name"]))
    named = {"kind": ref["kind"], "namespace": ref["namespace"], "name": ref["name"]}
    if found is None:
        return {**named, "readable": False}
    return {**named, "readable": True, "enforced": condition(found, "Enforced"), "accepted": condition(found, "Accepted")}


def tree(told: Mapping[str, Any]) -> Branch:
    """The report of one Agent as a tree."""
    title = f"Agent {told['namespace']}/{told['name']}" + "".join(
        f"  {name} {told[name]}" for name in ("traced", "capture", "team") if told[name]
    )
    below = [Branch("conditions", below=tuple(_conditions(told["conditions"])) or (Branch("none yet", "?"),))]
    if not told["current"]:
        below.append(Branch("the status speaks of an older version of the spec", "?"))
    pods = [Branch(f"{pod['name']}: {pod['why']}", "✓" if pod["state"] == "injected" else "✗") for pod in told["pods"]]
    below.append(Branch("pods", below=tuple(pods) or (Branch("none matches now"),)))
    policies = [_policy_branch(policy) for policy in told["policies"]]
    below.append(Branch("policies", below=tuple(policies) or (Branch("none binds; the safe default holds"),)))
    return Branch(title, MARKS[told["enforced"]], tuple(below))


def _conditions(entries: Iterable[Mapping[str, str]]) -> Iterable[Branch]:
    for entry in entries:
        if HIDDEN.get(entry["type"]) == entry["status"]:
            continue
        mark = "?" if entry["type"] in INVERTED else MARKS[entry["status"]]
        yield Branch(f"{entry['type']}: {said(entry)}", mark)


def said(entry: Mapping[str, str]) -> str:
    """Reason, message and time of a condition, in one line."""
    since = f" (since {entry['since']})" if entry["since"] else ""
    return f"{entry['reason']}" + (f", {entry['message']}" if entry["message"] else "") + since


def _policy_branch(policy: Mapping[str, Any]) -> Branch:
    name = f"{policy['kind']} {policy['namespace']}/{policy['name']}"
    if not policy["readable"]:
        return Branch(f"{name}: your rights do not reach it", "?")
    enforced = policy["enforced"]
    return Branch(f"{name}: {said(enforced)}", MARKS[enforced["status"]])
