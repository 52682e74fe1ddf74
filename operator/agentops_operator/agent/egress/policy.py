"""The NetworkPolicy that an allow-list becomes."""

from collections.abc import Iterator
from typing import Any

from agentops_operator.agent.egress.allowance import Allowance
from agentops_operator.agent.egress.types import Destination, Port
from agentops_operator.agent.facts import Resource, Settings
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.children import agent_labels, child_name, owner_reference, stamp
from agentops_operator.kube.names import GATEWAY, LABEL_AGENT, RELAY

NETWORKING = "networking.k8s.io/v1"
NETWORK_POLICY = "NetworkPolicy"
NAMESPACE_NAME = "kubernetes.io/metadata.name"  # every namespace has it, and nobody can change it
RELAY_PORTS = (4318, 4320)
GATEWAY_PORTS = (4000,)


def network_policy(agent: Resource[AgentSpec], allowed: Allowance, settings: Settings) -> dict[str, Any]:
    """Refuses every connection that the pods of the Agent begin, but to what is listed."""
    content = {
        "apiVersion": NETWORKING,
        "kind": NETWORK_POLICY,
        "metadata": {"name": child_name(agent.key.name, "agentops-egress")},
        "spec": {
            "podSelector": pod_selector(agent),
            "policyTypes": ["Egress"],
            "egress": egress_rules(allowed, settings),
        },
    }
    owner = owner_reference(API_VERSION, "Agent", agent.key.name, agent.uid)
    return stamp(content, agent.key.namespace, owner, agent_labels(agent.key.name))


def pod_selector(agent: Resource[AgentSpec]) -> dict[str, Any]:
    """The Agent's own selector; pods of a workload are found by the label that injection gives them.

    A NetworkPolicy knows no owners, and the labels of a template may change with each version.
    """
    if agent.spec.pod_selector is not None:
        return {name: value for name, value in agent.spec.pod_selector.dump().items() if value}
    return {"matchLabels": {LABEL_AGENT: agent.key.name}}


def egress_rules(allowed: Allowance, settings: Settings) -> list[dict[str, Any]]:
    """What every such Agent needs, and then what it lists."""
    home = settings.operator_namespace
    gateway = [_ours(GATEWAY, home, GATEWAY_PORTS)] if settings.gateway.enabled else []
    return [dict(settings.cluster_dns), _ours(RELAY, home, RELAY_PORTS), *gateway, *map(_rule, allowed.destinations)]


def _ours(name: str, home: str, ports: tuple[int, ...]) -> dict[str, Any]:
    peer = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: home}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
    }
    return {"to": [peer], "ports": [_port(Port(port=port)) for port in ports]}


def _rule(destination: Destination) -> dict[str, Any]:
    return {"to": [dict(_peer(destination))], "ports": [_port(port) for port in destination.ports]}


def _peer(destination: Destination) -> Iterator[tuple[str, Any]]:
    if destination.cidr is not None:
        yield "ipBlock", {"cidr": destination.cidr}
    for name, selector in (("namespaceSelector", destination.namespace_selector), ("podSelector", destination.pod_selector)):
        if selector is not None:
            yield name, {key: value for key, value in selector.dump().items() if value}


def _port(port: Port) -> dict[str, Any]:
    return {"protocol": str(port.protocol), "port": port.port}
