"""NetworkPolicies of others: they add up with ours, so one that allows more opens what the allow-list closes."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentops_operator.agent.facts import OpenPolicy, Pod
from agentops_operator.kube.digest import canonical

Rule = Mapping[str, Any]


def widening(policies: Iterable[OpenPolicy], pods: Iterable[Pod], rules: Iterable[Rule]) -> list[str]:
    """Names of the policies that let one of the pods connect to what the rules do not allow."""
    known = {pair for rule in rules for pair in _pairs(rule)}
    listed = tuple(pods)
    return [policy.name for policy in policies if not _pairs_of(policy) <= known and _selects(policy, listed)]


def _selects(policy: OpenPolicy, pods: Iterable[Pod]) -> bool:
    return any(policy.selector.matches(pod.labels) for pod in pods)


def _pairs_of(policy: OpenPolicy) -> set[tuple[str, str]]:
    return {pair for rule in policy.egress for pair in _pairs(rule)}


def _pairs(rule: Rule) -> Iterable[tuple[str, str]]:
    """Each peer with each port. A rule without peers, or without ports, allows all of them: its pair is in no list of ours."""
    peers = [canonical(_plain(peer)) for peer in rule.get("to") or [{}]]
    ports = [canonical({"protocol": "TCP", **port}) for port in rule.get("ports") or [{"port": "every"}]]
    return [(peer, port) for peer in peers for port in ports]


def _plain(value: Any) -> Any:
    """Without empty parts, which an API server may show or leave out; an empty selector selects everything and stays."""
    if not isinstance(value, Mapping):
        return value
    return {name: _plain(item) for name, item in value.items() if item is not None and item != []}
