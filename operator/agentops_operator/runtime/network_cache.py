"""NetworkPolicies of others, as far as they allow egress."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from agentops_operator.agent.facts import OpenPolicy
from agentops_operator.agent.kind import AGENT
from agentops_operator.api.kind import GROUP
from agentops_operator.api.selector import LabelSelector

Body = Mapping[str, Any]


def of_agent(body: Body) -> bool:
    """Whether an Agent owns the policy: then it is one of ours, whatever else somebody wrote on it."""
    owners = body["metadata"].get("ownerReferences") or ()
    return any(
        owner.get("controller") and owner.get("kind") == AGENT.kind and str(owner.get("apiVersion", "")).startswith(f"{GROUP}/")
        for owner in owners
    )


class NetworkCache:
    """What the policies of each namespace allow; those that allow nothing only refuse, and are no matter here."""

    def __init__(self) -> None:
        self._by_namespace: dict[str, dict[str, OpenPolicy]] = {}

    def of(self, namespace: str) -> tuple[OpenPolicy, ...]:
        """Policies of a namespace, sorted by name."""
        found = self._by_namespace.get(namespace)
        return tuple(found[name] for name in sorted(found)) if found else ()

    def put(self, body: Body) -> bool:
        """Takes a policy in; says whether that changes anything."""
        policy = _open_policy(body)
        place = _place(body)
        if policy is None:
            return self.drop(*place)
        known = self._by_namespace.setdefault(place[0], {})
        if known.get(place[1]) == policy:
            return False
        known[place[1]] = policy
        return True

    def drop(self, namespace: str, name: str) -> bool:
        """Forgets a policy; says whether it was known."""
        known = self._by_namespace.get(namespace, {})
        gone = known.pop(name, None)
        if not known:
            self._by_namespace.pop(namespace, None)
        return gone is not None

    def places(self) -> Iterable[tuple[str, str]]:
        """Namespace and name of each."""
        return [(namespace, name) for namespace, known in self._by_namespace.items() for name in known]


def _place(body: Body) -> tuple[str, str]:
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]


def _open_policy(body: Body) -> OpenPolicy | None:
    spec = body.get("spec") or {}
    rules = tuple(spec.get("egress") or ())
    if not rules or "Egress" not in (spec.get("policyTypes") or ("Egress",)):
        return None
    return OpenPolicy(body["metadata"]["name"], _selector(spec.get("podSelector") or {}), rules)


def _selector(fields: Mapping[str, Any]) -> LabelSelector:
    try:
        return LabelSelector.model_validate(fields)
    except ValidationError:
        return LabelSelector()  # larger than ours may be: better told of pods that it does not select than not told
