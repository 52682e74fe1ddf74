"""Policies by namespace."""

from typing import Any

from agentops_operator.agent.facts import Invalid, Key, Resource

Known = Resource[Any] | Invalid


class PolicyCache:
    """All policies that the watches have shown, of every kind."""

    def __init__(self) -> None:
        self._by_namespace: dict[str, dict[Key, Known]] = {}

    def get(self, key: Key) -> Known | None:
        """The policy, or None."""
        return self._by_namespace.get(key.namespace, {}).get(key)

    def put(self, policy: Known) -> None:
        """Takes in a policy, in place of its older version."""
        self._by_namespace.setdefault(policy.key.namespace, {})[policy.key] = policy

    def drop(self, key: Key) -> Known | None:
        """Forgets a policy."""
        policies = self._by_namespace.get(key.namespace, {})
        old = policies.pop(key, None)
        if not policies:
            self._by_namespace.pop(key.namespace, None)
        return old

    def valid(self, *namespaces: str) -> tuple[Resource[Any], ...]:
        """Valid policies of these namespaces, each once."""
        return tuple(
            policy
            for namespace in dict.fromkeys(namespaces)
            for policy in self._by_namespace.get(namespace, {}).values()
            if isinstance(policy, Resource)
        )

    def namespaces(self) -> tuple[str, ...]:
        """Namespaces that hold a policy."""
        return tuple(self._by_namespace)

    def keys(self) -> tuple[Key, ...]:
        """Keys of all policies."""
        return tuple(key for policies in self._by_namespace.values() for key in policies)
