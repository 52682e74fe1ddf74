"""The injection indexes in memory, fed by a watch, so that no request asks anybody."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from agentops_operator.agent.inject import Index
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import INDEX_NAME
from agentops_operator.runtime.follow import Collection
from agentops_operator.runtime.objects import Ref


class Indexes:
    """Index by namespace. While the API server is away, the last known ones stay in force."""

    def __init__(self, namespaces: Iterable[str] = ()) -> None:
        self._scopes = tuple(namespaces) or ("",)
        self._unlisted = set(self._scopes)
        self._agents: dict[str, Index] = {}

    def __len__(self) -> int:
        return len(self._agents)

    @property
    def complete(self) -> bool:
        """Whether every namespace has been listed once."""
        return not self._unlisted

    def of(self, namespace: str) -> Index:
        """The index of a namespace; empty when it has none."""
        return self._agents.get(namespace, {})

    def collections(self) -> list[Collection]:
        """What must be followed."""
        return [
            Collection(
                ref=Ref(API_VERSION, "InjectionIndex", scope, ""),
                fields=f"metadata.name={INDEX_NAME}",
                listed=partial(self._listed, scope),
                event=self._event,
                failed=_nothing,
            )
            for scope in self._scopes
        ]

    def _listed(self, scope: str, items: list[dict[str, Any]]) -> None:
        for namespace in [known for known in self._agents if scope in ("", known)]:
            del self._agents[namespace]
        for item in items:
            self._event("ADDED", item)
        self._unlisted.discard(scope)

    def _event(self, kind: str, item: dict[str, Any]) -> None:
        namespace = item["metadata"]["namespace"]
        if kind == "DELETED":
            self._agents.pop(namespace, None)
        else:
            self._agents[namespace] = item.get("agents") or {}


def _nothing() -> None:
    """A watch that fails is followed anew by itself, and is logged there."""
