"""Agents by name and by what they claim, so that an event on a pod finds its Agents without a search."""

from collections.abc import Iterable, Iterator

from agentops_operator.agent.facts import Invalid, Key, Pod, Resource
from agentops_operator.agent.match import claim_keys, matches, pod_keys
from agentops_operator.agent.types import AgentSpec

Known = Resource[AgentSpec] | Invalid


class Agents:
    """All Agents that the watch has shown."""

    def __init__(self) -> None:
        self._by_namespace: dict[str, dict[str, Known]] = {}
        self._by_claim: dict[tuple[str, str], dict[str, Resource[AgentSpec]]] = {}

    def get(self, key: Key) -> Known | None:
        """The Agent, or None."""
        return self._by_namespace.get(key.namespace, {}).get(key.name)

    def put(self, agent: Known) -> None:
        """Takes in an Agent, in place of its older version."""
        self.drop(agent.key)
        self._by_namespace.setdefault(agent.key.namespace, {})[agent.key.name] = agent
        if isinstance(agent, Resource):
            for claim in claim_keys(agent.spec):
                self._by_claim.setdefault((agent.key.namespace, claim), {})[agent.key.name] = agent

    def drop(self, key: Key) -> Known | None:
        """Forgets an Agent."""
        names = self._by_namespace.get(key.namespace, {})
        old = names.pop(key.name, None)
        if not names:
            self._by_namespace.pop(key.namespace, None)
        if isinstance(old, Resource):
            for claim in claim_keys(old.spec):
                self._unclaim((key.namespace, claim), key.name)
        return old

    def _unclaim(self, claim: tuple[str, str], name: str) -> None:
        holders = self._by_claim.get(claim, {})
        holders.pop(name, None)
        if not holders:
            self._by_claim.pop(claim, None)

    def of_pod(self, pod: Pod) -> dict[str, Resource[AgentSpec]]:
        """Agents that the pod matches, by name."""
        return {
            name: agent
            for key in pod_keys(pod)
            for name, agent in self._by_claim.get((pod.namespace, key), {}).items()
            if matches(agent.spec, pod)
        }

    def rivals(self, agent: Resource[AgentSpec], pods: Iterable[Pod]) -> dict[str, Resource[AgentSpec]]:
        """Other Agents that claim one of its keys or one of its pods, by name."""
        namespace = agent.key.namespace
        found: dict[str, Resource[AgentSpec]] = {}
        for claim in claim_keys(agent.spec):
            found |= self._by_claim.get((namespace, claim), {})
        for pod in pods:
            found |= self.of_pod(pod)
        found.pop(agent.key.name, None)
        return found

    def claiming(self, namespace: str, claims: Iterable[str]) -> Iterable[Resource[AgentSpec]]:
        """Agents that claim one of the keys."""
        return [agent for claim in claims for agent in self._by_claim.get((namespace, claim), {}).values()]

    def names(self, namespace: str) -> Iterable[str]:
        """Names of the Agents of a namespace."""
        return self._by_namespace.get(namespace, {}).keys()

    def in_namespace(self, namespace: str) -> Iterable[Known]:
        """Agents of a namespace."""
        return self._by_namespace.get(namespace, {}).values()

    def namespaces(self) -> frozenset[str]:
        """Namespaces that hold an Agent."""
        return frozenset(self._by_namespace)

    def __iter__(self) -> Iterator[Known]:
        """All Agents."""
        for names in self._by_namespace.values():
            yield from names.values()
