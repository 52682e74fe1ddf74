"""What a set of manifests would be in a cluster: Agents, policies, namespaces and the pods of workloads."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agentops_operator.agent.facts import Input, Invalid, Key, Resource, Settings
from agentops_operator.agent.kind import AGENT
from agentops_operator.agent.match import claim_keys, matches, pod_keys
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.kind import API_VERSION
from agentops_operator.cli.manifests import Document
from agentops_operator.cli.workloads import Workload, workload
from agentops_operator.policies import POLICIES
from agentops_operator.runtime.parse import labels_of, parse

NO_KEY = ""
TYPED = {info.kind: info for info in (AGENT, *POLICIES)}


@dataclass(frozen=True)
class World:
    """Everything that the manifests declare; `where` finds the document of an object."""

    settings: Settings
    agents: tuple[Resource[AgentSpec], ...]
    policies: tuple[Resource[Any], ...]
    invalid: tuple[Invalid, ...]
    workloads: tuple[Workload, ...]
    namespaces: dict[str, dict[str, str]]
    where: dict[Key, Document] = field(compare=False)

    def facts(self, agent: Resource[AgentSpec]) -> Input:
        """What the operator would know of the Agent when everything is applied and no pod runs yet."""
        namespace = agent.key.namespace
        pods = tuple(item.pod for item in self.workloads_of(agent))
        return Input(
            agent=agent,
            settings=self.settings,
            namespace_labels=self.namespaces.get(namespace, {}),
            policies=tuple(p for p in self.policies if p.key.namespace in (namespace, self.settings.operator_namespace)),
            rivals=tuple(other for other in self._near(agent) if self._rival(agent, other)),
            pods=pods,
        )

    def workloads_of(self, agent: Resource[AgentSpec]) -> list[Workload]:
        """Workloads whose pods the Agent's target or selector matches."""
        return [item for item in self.workloads if item.pod.namespace == agent.key.namespace and matches(agent.spec, item.pod)]

    @cached_property
    def _claims(self) -> dict[tuple[str, str], list[int]]:
        """Places of Agents by namespace and key; each Agent beside each other one would take minutes for some thousands."""
        found: dict[tuple[str, str], list[int]] = {}
        for place, agent in enumerate(self.agents):
            for key in claim_keys(agent.spec) or (NO_KEY,):
                found.setdefault((agent.key.namespace, key), []).append(place)
        return found

    def _near(self, agent: Resource[AgentSpec]) -> list[Resource[AgentSpec]]:
        """Agents that share a key with this one or with a pod of it, and those that have none; in their order."""
        keys = {NO_KEY, *claim_keys(agent.spec), *(key for item in self.workloads_of(agent) for key in pod_keys(item.pod))}
        places = {place for key in keys for place in self._claims.get((agent.key.namespace, key), ())}
        return [self.agents[place] for place in sorted(places)]

    def _rival(self, agent: Resource[AgentSpec], other: Resource[AgentSpec]) -> bool:
        if other.key == agent.key or other.key.namespace != agent.key.namespace:
            return False
        shared_key = set(claim_keys(agent.spec)) & set(claim_keys(other.spec))
        return bool(shared_key) or any(matches(other.spec, item.pod) for item in self.workloads_of(agent))


def world_of(documents: Iterable[Document], operator_namespace: str, default_namespace: str) -> World:
    """The world that these documents declare; of an object that stands twice the first counts."""
    known: list[Resource[Any] | Invalid] = []
    where: dict[Key, Document] = {}
    namespaces: dict[str, dict[str, str]] = {}
    workloads: list[Workload] = []
    for document in documents:
        found = workload(document, default_namespace)
        if found is not None:
            workloads.append(found)
        elif document.kind == "Namespace" and document.api_version == "v1":
            namespaces[document.name] = {"kubernetes.io/metadata.name": document.name, **labels_of(_clean(document, ""))}
        elif document.api_version == API_VERSION and document.kind in TYPED and document.name and _readable(document):
            item = parse(TYPED[document.kind], {**document.body, "metadata": _clean(document, default_namespace)})
            if where.setdefault(item.key, document) is document:
                known.append(item)
    valid = sorted((item for item in known if isinstance(item, Resource)), key=lambda item: (item.key.namespace, item.key.name))
    return World(
        settings=Settings(operator_namespace=operator_namespace),
        agents=tuple(item for item in valid if item.key.kind == AGENT.kind),
        policies=tuple(item for item in valid if item.key.kind != AGENT.kind),
        invalid=tuple(item for item in known if isinstance(item, Invalid)),
        workloads=tuple(workloads),
        namespaces=namespaces,
        where=where,
    )


def _readable(document: Document) -> bool:
    return isinstance(document.body.get("spec"), dict | None)


def _clean(document: Document, default_namespace: str) -> dict[str, Any]:
    """Metadata as the API server would hold it: manifests often carry `creationTimestamp: null`."""
    metadata = {name: value for name, value in document.metadata.items() if value is not None}
    metadata["namespace"] = document.namespace(default_namespace)
    metadata["labels"] = metadata["labels"] if isinstance(metadata.get("labels"), dict) else {}
    return metadata
