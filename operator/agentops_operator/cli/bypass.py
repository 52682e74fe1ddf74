"""Containers that keep an own telemetry endpoint, by the same rule as the admission policy."""

from agentops_operator.agent.endpoints import foreign
from agentops_operator.agent.facts import Resource
from agentops_operator.agent.types import AgentSpec
from agentops_operator.cli.finding import Finding, Level, finding
from agentops_operator.cli.workloads import Workload


def own_endpoints(item: Workload, agent: Resource[AgentSpec], *, denied: bool) -> list[Finding]:
    """Findings for a workload of the Agent.

    Args:
        item: the workload.
        agent: the Agent that it belongs to; its `containers` are the only ones that count, when it lists any.
        denied: whether a policy refuses such pods instead of reporting them.
    """
    found = []
    for index, container in enumerate(item.containers):
        if agent.spec.containers and container.get("name") not in agent.spec.containers:
            continue
        for variable in foreign(container):
            field = (*item.path, "spec", "containers", index, "env", variable)
            name = container["env"][variable]["name"]
            effect = "its spans do not pass the sidecar" + (", and its pods are refused (onBypass: Deny)" if denied else "")
            found.append(
                finding(
                    "bypassed",
                    item.document,
                    field,
                    f"Bypassed: container {container.get('name')} of Agent {agent.key.name} sets {name}: {effect}",
                    "remove the variable, and name the endpoint as a backend in a TracePolicy",
                    level=Level.ERROR if denied else Level.WARNING,
                    value=container["env"][variable].get("value"),
                )
            )
    return found
