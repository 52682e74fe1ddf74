"""Everything that is known, and which keys an event touches. No I/O: watches put facts in, `gather` takes an Input out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from agentops_operator.agent.egress.policy import NETWORK_POLICY
from agentops_operator.agent.facts import (
    AgentObservation,
    Alerting,
    GatewayObservation,
    Input,
    Invalid,
    Key,
    Pod,
    Refusal,
    RelayObservation,
    Resource,
    Settings,
)
from agentops_operator.agent.gateway.probes import Evidence
from agentops_operator.agent.gateway.row import GatewayRow
from agentops_operator.agent.gateway.usage import BudgetCount
from agentops_operator.agent.kind import AGENT
from agentops_operator.agent.match import claim_keys, matches, pod_keys
from agentops_operator.agent.tenant_gateway import TenantGatewayObservation
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.binding import Attachment
from agentops_operator.kube.names import TENANT_GATEWAY
from agentops_operator.policies.budget.types import BudgetSpec
from agentops_operator.policies.fallback.types import ProviderFallbackSpec
from agentops_operator.runtime.agents import Agents
from agentops_operator.runtime.child_cache import ChildCache
from agentops_operator.runtime.evaluation_cache import EvaluationCache
from agentops_operator.runtime.gateway_progress import GatewayProgress
from agentops_operator.runtime.hold_cache import HoldCache
from agentops_operator.runtime.network_cache import NetworkCache
from agentops_operator.runtime.pod_cache import PodCache
from agentops_operator.runtime.policy_cache import PolicyCache
from agentops_operator.runtime.refusal_cache import RefusalCache

TENANT_WORKLOAD = f"Deployment/{TENANT_GATEWAY}"
Known = Resource[Any] | Invalid
Keys = Iterable[Key]


class Store:
    """The caches. Each `*_changed` method takes one fact in and returns the keys that may come out differently now."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.writing: dict[Key, Mapping[str, Any]] = {}  # statuses that are on their way to the API server
        self.agents = Agents()
        self.policies = PolicyCache()
        self.pods = PodCache()
        self.children = ChildCache()
        self.evaluations = EvaluationCache()
        self.refusals = RefusalCache()
        self.holds = HoldCache(self.writing)
        self.network = NetworkCache()
        self.namespaces: dict[str, Mapping[str, str]] = {}
        self.observations: dict[Key, AgentObservation] = {}
        self.relay = RelayObservation()
        self.alerting: dict[str, Alerting] = {}
        self.errors: dict[Key, str] = {}
        self.gateway = GatewayObservation()
        self.gateway_error = ""  # why the plan could not be written
        self.gateway_progress = GatewayProgress()
        self.gateway_rows: dict[str, GatewayRow] = {}  # of each Agent, as `namespace/agent`
        self.gateway_evidence = Evidence()
        self.gateway_counted: tuple[str, ...] = ()  # Agents whose use the gateway counts
        self.budget_counts: Mapping[str, Mapping[str, BudgetCount]] = {}  # by `namespace/budget`, by scope
        self.tenant_gateways: dict[str, TenantGatewayObservation] = {}  # by namespace
        self.tenant_errors: dict[str, str] = {}  # by namespace: what the API server said of the gateway's objects
        self.gateway_callers: frozenset[str] = frozenset()  # Agents, as `namespace/agent`, of which a call was counted

    def gather(self, key: Key) -> Input | Invalid | None:
        """All facts on one Agent; Invalid when its spec cannot be read, None when it is gone."""
        agent = self.agents.get(key)
        if agent is None or isinstance(agent, Invalid):
            return agent
        pods, name = self.pods_of(agent), f"{key.namespace}/{key.name}"
        return Input(
            agent=agent,
            settings=self.settings,
            namespace_labels=self.namespaces.get(key.namespace, {}),
            policies=self.policies.valid(key.namespace, self.settings.operator_namespace),
            rivals=tuple(sorted(self.agents.rivals(agent, pods).values(), key=lambda rival: rival.age_order)),
            pods=pods,
            observation=self.observations.get(key),
            relay=self.relay,
            alerting=self.alerting.get(key.namespace),
            apply_error=self.errors.get(key, ""),
            runs=self.evaluations.runs(key),
            schedules=self.evaluations.schedules(key),
            refusals=self._refusals(agent, pods),
            gateway=replace(self.gateway, plan_error=self.gateway_error) if self.gateway_error else self.gateway,
            gateway_row=self.gateway_progress.row(name),
            gateway_calls=name in self.gateway_callers,
            unlisted_holds=self.holds.unlisted(key),
            probes=self.gateway_evidence,
            network=self.network.of(key.namespace),
            tenant_gateway=self.tenant_gateway(key.namespace),
        )

    def tenant_gateway(self, namespace: str) -> TenantGatewayObservation:
        """What is known of the gateway of a namespace that brings credentials."""
        seen = self.tenant_gateways.get(namespace, TenantGatewayObservation())
        refused = self.tenant_errors.get(namespace, "")
        pods = () if self.refusals.empty else self.refusals.of(namespace, (TENANT_WORKLOAD,))
        return replace(seen, refused=refused, pods_refused=pods[-1].message if pods else "") if refused or pods else seen

    def tenant_namespaces(self) -> set[str]:
        """Namespaces in which such a gateway stands."""
        return {item.ref.namespace for item in self.children.of_kind("Deployment") if item.ref.name == TENANT_GATEWAY}

    def pods_of(self, agent: Resource[AgentSpec]) -> tuple[Pod, ...]:
        """Pods that the Agent's target or selector matches."""
        found = self.pods.under(agent.key.namespace, claim_keys(agent.spec))
        return tuple(pod for pod in found if matches(agent.spec, pod))

    def _refusals(self, agent: Resource[AgentSpec], pods: tuple[Pod, ...]) -> tuple[Refusal, ...]:
        """Refusals of the Agent's workloads; those of a selector are known by the pods that they have."""
        if self.refusals.empty:
            return ()  # as nearly always: the keys of a thousand pods need not be told for that
        keys = {key for pod in pods for key in pod_keys(pod)}
        return self.refusals.of(agent.key.namespace, keys.union(claim_keys(agent.spec)))

    def refusal_seen(self, namespace: str, uid: str, refusals: Iterable[Refusal]) -> Keys:
        """Pods of a workload were refused."""
        return self._workloads(namespace, self.refusals.put(namespace, uid, refusals))

    def refusal_gone(self, namespace: str, uid: str) -> Keys:
        """A refusal is so old that the API server forgot it."""
        return self._workloads(namespace, self.refusals.drop(namespace, uid))

    def _workloads(self, namespace: str, workloads: Iterable[str]) -> Keys:
        names = tuple(workloads)
        touched = {agent.key for agent in self.agents.claiming(namespace, names)}
        if TENANT_WORKLOAD in names:
            touched |= {agent.key for agent in self.agents.in_namespace(namespace)}
        for pod in self.pods.under(namespace, names):
            touched |= self._claimants(pod)
        return touched

    def agent_changed(self, agent: Known) -> Keys:
        """An Agent appeared or changed."""
        old = self.agents.get(agent.key)
        if old is not None and type(old) is type(agent) and old == agent:
            # Only the status or metadata of no interest changed. A status that is not the one known is repaired.
            drifted = self._drifted(old, agent)
            self.agents.put(agent)
            return (agent.key,) if drifted else ()
        touched = self._neighbours(old)
        self.agents.put(agent)
        return {agent.key, *touched, *self._neighbours(agent)}

    def _drifted(self, old: Known, new: Known) -> bool:
        """Whether somebody else wrote the status."""
        return old.status != new.status and new.status != self.writing.get(new.key)

    def agent_gone(self, key: Key) -> Keys:
        """An Agent was deleted; Agents that it kept from their pods may have them now."""
        old = self.agents.get(key)
        touched = set(self._neighbours(old))
        self.agents.drop(key)
        self.observations.pop(key, None)
        self.errors.pop(key, None)
        return {key, *touched}

    def _neighbours(self, agent: Known | None) -> Keys:
        if not isinstance(agent, Resource):
            return ()
        return [rival.key for rival in self.agents.rivals(agent, self.pods_of(agent)).values()]

    def policy_changed(self, policy: Known) -> Keys:
        """A policy appeared or changed."""
        old = self.policies.get(policy.key)
        self.policies.put(policy)
        if old is not None and type(old) is type(policy) and old == policy:
            return (policy.key,) if self._drifted(old, policy) else ()
        return {policy.key, *self.bound_by(old), *self.bound_by(policy)}

    def policy_gone(self, key: Key) -> Keys:
        """A policy was deleted."""
        return {key, *self.bound_by(self.policies.drop(key))}

    def bound_by(self, policy: Known | None) -> Keys:
        """Agents that the policy may bind: the labels are compared here, so that others are not even queued."""
        if not isinstance(policy, Resource) or not isinstance(policy.spec, Attachment):
            return []
        platform = policy.key.namespace == self.settings.operator_namespace
        reach = self.agents if platform else self.agents.in_namespace(policy.key.namespace)
        bound = {agent.key for agent in reach if isinstance(agent, Resource) and self._selects(policy.spec, agent)}
        return bound.union(*(self.bound_by(budget) for budget in self._referring(policy)))

    def _referring(self, policy: Resource[Any]) -> list[Resource[Any]]:
        """Budgets that lead aliases to a ProviderFallback of this name, though it need not bind their Agents."""
        if not isinstance(policy.spec, ProviderFallbackSpec):
            return []
        return [
            budget
            for budget in self.policies.valid(*self.policies.namespaces())
            if isinstance(budget.spec, BudgetSpec)
            and any(cheaper.fallback == policy.key.name for step in budget.spec.ladder for cheaper in step.models)
        ]

    def _selects(self, spec: Attachment, agent: Resource[AgentSpec]) -> bool:
        labels = self.namespaces.get(agent.key.namespace, {})
        reached = spec.namespace_selector is None or spec.namespace_selector.matches(labels)
        return reached and spec.agent_selector.matches(agent.labels)

    def namespace_changed(self, name: str, labels: Mapping[str, str] | None) -> Keys:
        """A namespace appeared, changed its labels, or is gone (None)."""
        before = self.namespaces.get(name)
        if labels is None:
            self.namespaces.pop(name, None)
        else:
            self.namespaces[name] = labels
        return [] if before == labels else [agent.key for agent in self.agents.in_namespace(name)]

    def network_changed(self, namespace: str) -> Keys:
        """A NetworkPolicy of somebody else changed: of concern to those Agents that have one too."""
        return [agent.key for agent in self.agents.in_namespace(namespace) if self._restricted(agent)]

    def _restricted(self, agent: Known) -> bool:
        return any(child.ref.kind == NETWORK_POLICY for child in self.children.owned_by(agent.uid))

    def pod_changed(self, pod: Pod) -> Keys:
        """A pod appeared or changed."""
        if self.pods.get(pod.namespace, pod.uid) == pod:
            return []
        return self._claimants(self.pods.put(pod)) | self._claimants(pod)

    def pod_gone(self, namespace: str, uid: str) -> Keys:
        """A pod ended."""
        return self._claimants(self.pods.drop(namespace, uid))

    def _claimants(self, pod: Pod | None) -> set[Key]:
        return {agent.key for agent in self.agents.of_pod(pod).values()} if pod else set()

    def owner_of(self, namespace: str, uid: str, name: str) -> Keys:
        """The Agent with this name and uid, to which a child belongs."""
        agent = self.agents.get(Key(AGENT.kind, namespace, name))
        return [agent.key] if agent is not None and agent.uid == uid else []

    def every_agent(self, wanted: Callable[[Known], bool] = lambda _: True) -> Keys:
        """Keys of all Agents."""
        return [agent.key for agent in self.agents if wanted(agent)]
