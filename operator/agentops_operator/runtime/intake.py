"""The way in: a watch hands over a body, the store takes it, and the keys that it touches become due."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agentops_operator.agent.alert_rules import NAME as ALERT_RULES
from agentops_operator.agent.egress.policy import NETWORK_POLICY, NETWORKING
from agentops_operator.agent.facts import Key
from agentops_operator.agent.gateway.tenant import KINDS as TENANT_OBJECTS
from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.kind import AGENT, INJECTION_INDEX
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import GATEWAY, RELAY, TENANT_GATEWAY
from agentops_operator.policies import POLICIES
from agentops_operator.policies.evaluation.kind import EVAL_RUN
from agentops_operator.runtime.attendance import Attendance
from agentops_operator.runtime.evaluation_cache import JOB_KIND
from agentops_operator.runtime.live import Live, live
from agentops_operator.runtime.network_cache import of_agent
from agentops_operator.runtime.objects import Ref
from agentops_operator.runtime.parse import key_of, labels_of, parse
from agentops_operator.runtime.store import Store

RELAY_KIND = "Relay"  # no resource: the key of the shared objects of the relay
ALERTS_KIND = "AlertRules"  # no resource either
GATEWAY_KIND = "Gateway"  # nor is this one
TENANT_KIND = "TenantGateway"  # nor this: the gateway of a namespace that brings credentials

CHILDREN = {
    "StatefulSet": "apps/v1",
    "CronJob": "batch/v1",
    NETWORK_POLICY: NETWORKING,
    INJECTION_INDEX.kind: API_VERSION,
    **{kind: version for version, kind in TENANT_OBJECTS},  # Deployments and ConfigMaps are others' too
}
"""Kinds of applied objects that are watched, with their API versions."""

EVALUATION = frozenset({"CronJob", JOB_KIND, EVAL_RUN.kind})
"""Kinds that tell whether an evaluation ran."""


def relay_key(home: str) -> Key:
    """The key of the relay's shared objects."""
    return Key(RELAY_KIND, home, RELAY)


def alerts_key(home: str) -> Key:
    """The key of the alert rules of all namespaces."""
    return Key(ALERTS_KIND, home, ALERT_RULES)


def gateway_key(home: str) -> Key:
    """The key of the gateway's shared objects."""
    return Key(GATEWAY_KIND, home, GATEWAY)


def tenant_key(namespace: str) -> Key:
    """The key of the gateway of a namespace that brings credentials."""
    return Key(TENANT_KIND, namespace, TENANT_GATEWAY)


def index_key(namespace: str) -> Key:
    """The key of a namespace's injection index."""
    return Key(INJECTION_INDEX.kind, namespace, "")


def _ref(kind: str, body: Mapping[str, Any]) -> Ref:
    metadata = body["metadata"]
    return Ref(CHILDREN[kind], kind, metadata.get("namespace", ""), metadata["name"])


SHARED = {RELAY: relay_key, GATEWAY: gateway_key, ALERT_RULES: alerts_key}
"""Objects of the operator's namespace that no Agent owns, and the keys that keep them."""


class Intake:
    """Turns bodies into facts and facts into due keys."""

    def __init__(self, store: Store, attendance: Attendance, add: Callable[[Key], None]) -> None:
        self._store = store
        self._attendance = attendance
        self._add = add
        self._policies = {info.kind: info for info in POLICIES}
        store.children.overtaken = lambda item: self._due(self._owners(item))
        self.namespaces_changed: Callable[[frozenset[str]], None] = lambda _: None

    def seen(self, kind: str, body: Mapping[str, Any], *, whole: bool = True) -> None:
        """An object exists and looks like this, or has this metadata when it is not shown whole."""
        if kind in EVALUATION:
            self._due(self._store.evaluations.seen(kind, body))
        if kind == AGENT.kind:
            self._agent(body)
        elif kind in self._policies:
            self._due(self._store.policy_changed(parse(self._policies[kind], body)))
        elif kind == RUN_HOLD.kind:
            self._due(self._store.holds.seen(body))
        elif kind == "Namespace":
            self._due(self._store.namespace_changed(body["metadata"]["name"], labels_of(body["metadata"])))
        elif kind == NETWORK_POLICY and not of_agent(body):
            self._due(self._network(body, whole=whole))
        elif kind in CHILDREN:
            self._child(kind, body, whole=whole)

    def gone(self, kind: str, body: Mapping[str, Any]) -> None:
        """An object was deleted."""
        if kind in EVALUATION:
            self._due(self._store.evaluations.gone(kind, body))
        if kind == AGENT.kind:
            self._due(self._store.agent_gone(key_of(kind, body)))
            self.namespaces_changed(self._store.agents.namespaces())
        elif kind in self._policies:
            self._due(self._store.policy_gone(key_of(kind, body)))
        elif kind == RUN_HOLD.kind:
            self._due(self._store.holds.gone(key_of(kind, body)))
        elif kind == "Namespace":
            self._due(self._store.namespace_changed(body["metadata"]["name"], None))
        elif kind in CHILDREN:
            self._due(self._network_gone(kind, body))
            known = self._store.children.get(_ref(kind, body))
            if known is not None and body["metadata"].get("uid", known.uid) == known.uid:  # not one of the same name since then
                self._store.children.drop(known.ref)
                self._due(self._owners(known))

    def _network(self, body: Mapping[str, Any], *, whole: bool) -> Iterable[Key]:
        """One by the name of a tenant's gateway is ours, and is looked at like those of others: anybody may have changed it."""
        if body["metadata"]["name"] == TENANT_GATEWAY:
            self._child(NETWORK_POLICY, body, whole=whole)
        return self._store.network_changed(body["metadata"].get("namespace", "")) if self._store.network.put(body) else ()

    def _network_gone(self, kind: str, body: Mapping[str, Any]) -> Iterable[Key]:
        namespace, name = body["metadata"].get("namespace", ""), body["metadata"]["name"]
        known = kind == NETWORK_POLICY and self._store.network.drop(namespace, name)
        return self._store.network_changed(namespace) if known else ()

    def _agent(self, body: Mapping[str, Any]) -> None:
        known = self._store.agents.get(key_of(AGENT.kind, body))
        agent = parse(AGENT, body, known)
        if known is None:
            self._attendance.expect(agent.key)
        self._due(self._store.agent_changed(agent))
        self.namespaces_changed(self._store.agents.namespaces())

    def _child(self, kind: str, body: Mapping[str, Any], *, whole: bool) -> None:
        if self._store.children.knows(_ref(kind, body), body["metadata"].get("resourceVersion", "")):
            return  # most events are echoes of our own writes
        item = live(body, CHILDREN[kind], kind, whole=whole)
        self._store.children.put(item)
        if item.ref not in self._store.children.writing:  # else the answer tells whether it is ours or a later one
            self._due(self._owners(item))

    def _owners(self, item: Live) -> Iterable[Key]:
        """Whose work a change of this child undoes."""
        if item.ref.kind == INJECTION_INDEX.kind:
            return [index_key(item.ref.namespace)]
        if item.ref.name == TENANT_GATEWAY:
            return [tenant_key(item.ref.namespace)]
        if item.ref.namespace == self._store.settings.operator_namespace and item.ref.name in SHARED:
            return [SHARED[item.ref.name](item.ref.namespace)]
        return self._store.owner_of(item.ref.namespace, item.owner, item.owner_name)

    def _due(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._add(key)
