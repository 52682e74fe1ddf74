"""One pass over one Agent: gather, compile, apply, prune, hand over shared rows, write the status once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from agentops_operator.agent.facts import Input, Invalid, Key, Resource
from agentops_operator.agent.gateway.told import use_told
from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.kind import AGENT, INJECTION_INDEX
from agentops_operator.agent.plan import Plan
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.condition import false, kstatus
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.runtime import gateway_writer, policy_status, relay_writer
from agentops_operator.runtime.alerts import AlertWriter
from agentops_operator.runtime.applier import Applier
from agentops_operator.runtime.attendance import Attendance
from agentops_operator.runtime.clock import Clock, rfc3339
from agentops_operator.runtime.evaluation_cache import JOB_KIND
from agentops_operator.runtime.evaluations import RunRecorder
from agentops_operator.runtime.events import Recorder, transitions
from agentops_operator.runtime.gateway_writer import GatewayWriter
from agentops_operator.runtime.gauges import Gauges
from agentops_operator.runtime.hold_keeper import HoldKeeper
from agentops_operator.runtime.index_writer import IndexWriter
from agentops_operator.runtime.intake import (
    ALERTS_KIND,
    GATEWAY_KIND,
    RELAY_KIND,
    TENANT_KIND,
    gateway_key,
    index_key,
    relay_key,
    tenant_key,
)
from agentops_operator.runtime.objects import ApiError
from agentops_operator.runtime.policy_status import Outcomes, PolicyStatus
from agentops_operator.runtime.queue import KeyedQueue
from agentops_operator.runtime.relay_writer import RelayWriter
from agentops_operator.runtime.status import StatusWriter, Written
from agentops_operator.runtime.store import Store
from agentops_operator.runtime.tenant_writer import TenantRefusedError, TenantWriter

LOOK_AGAIN = 600.0  # seconds until optional APIs are looked for again


class ApplyError(Exception):
    """The API server refused a child; the status says so already."""

    expected = True


@dataclass(frozen=True)
class Parts:
    """What a pass works with."""

    store: Store
    applier: Applier
    statuses: StatusWriter
    index: IndexWriter
    relay: RelayWriter
    gateway: GatewayWriter
    tenants: TenantWriter
    alerts: AlertWriter
    outcomes: Outcomes
    policies: PolicyStatus
    recorder: Recorder
    attendance: Attendance
    gauges: Gauges
    pods_known: Callable[[str], bool]
    runs: RunRecorder
    holds: HoldKeeper
    clock: Clock


class Reconciler:
    """The work of the queue: an Agent, a policy's status, a namespace's index, or the relay."""

    def __init__(self, parts: Parts, compile_agent: Callable[[Input], Plan]) -> None:
        self._parts = parts
        self._compile = compile_agent
        self.queue: KeyedQueue | None = None  # the queue needs the work first

    async def work(self, key: Key) -> float | None:
        """Works on one key; returns the seconds until it is due again, or None."""
        try:
            return await self._work(key)
        except ApiError as error:
            if error.moot:
                return None  # its deletion is on the way, and will make the key due once more
            raise

    async def recall_gateway(self) -> None:
        """Before work begins: which plan of the gateway stands in the cluster."""
        await self._parts.gateway.recall()

    async def _work(self, key: Key) -> float | None:
        if key.kind == AGENT.kind:
            return await self._agent(key)
        if key.kind == INJECTION_INDEX.kind:
            return await self._index(key.namespace)
        if key.kind == RUN_HOLD.kind:
            return await self._parts.holds.keep(key)
        if key.kind == JOB_KIND:
            self._all_due(await self._parts.runs.record(key))
        elif key.kind in (RELAY_KIND, GATEWAY_KIND, TENANT_KIND):
            await self._data_plane(key)
        elif key.kind == ALERTS_KIND:
            await self._parts.alerts.write()
            return LOOK_AGAIN
        else:
            await self._policy(key)
        return None

    async def _data_plane(self, key: Key) -> None:
        if key.kind == RELAY_KIND:
            return await self._parts.relay.write()
        if key.kind == GATEWAY_KIND:
            return self._all_due(await self._parts.gateway.write())
        keys, refused = await self._parts.tenants.write(key.namespace)
        self._all_due(keys)
        if refused:
            raise TenantRefusedError(refused)
        return None

    def _all_due(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._due(key)

    async def _agent(self, key: Key) -> float | None:
        facts = self._parts.store.gather(key)
        if facts is not None and not self._parts.pods_known(key.namespace):
            return None  # the first list of pods makes it due; without it, pods would seem gone for a moment
        try:
            if facts is None:
                self._forget(key)
            elif isinstance(facts, Invalid):
                await self._stall(facts)
            else:
                return await self._program(replace(facts, now=rfc3339(self._parts.clock.now())))
        finally:
            self._parts.attendance.mark(key)
        return None

    async def _program(self, facts: Input) -> float | None:
        parts = self._parts
        plan = self._compile(facts)
        refused = await parts.applier.apply_all(plan.children)
        if not refused:
            await parts.applier.prune(facts.agent.uid, plan.children)
        if refused:
            plan = self._compile(replace(facts, apply_error=refused))
        self._hand_over(facts.agent, plan)
        await self._status(facts.agent, plan)
        parts.gauges.show_agent(facts.agent, plan)
        if refused:
            raise ApplyError(refused)
        return plan.again_seconds

    def _hand_over(self, agent: Resource[AgentSpec], plan: Plan) -> None:
        parts = self._parts
        if parts.index.put(agent, plan.entries):
            self._due(index_key(agent.key.namespace), parts.index.pause(agent.key.namespace))
        if parts.relay.put(agent.key, plan):
            self._due(relay_key(parts.store.settings.operator_namespace), relay_writer.DEBOUNCE)
        if parts.gateway.put(agent.key, plan):
            self._due(gateway_key(parts.store.settings.operator_namespace), gateway_writer.DEBOUNCE)
        if parts.tenants.put(agent.key, plan):
            self._due(tenant_key(agent.key.namespace), gateway_writer.DEBOUNCE)
        for policy in parts.outcomes.put(agent.key, plan.outcomes):
            self._due(policy, policy_status.DEBOUNCE)

    async def _status(self, agent: Resource[AgentSpec], plan: Plan) -> None:
        parts = self._parts
        written = await parts.statuses.write(agent, plan.conditions, plan.status)
        if written is not None:
            self._learn(agent, written)
            await parts.recorder.record(agent, transitions(written))

    def _learn(self, agent: Resource[AgentSpec] | Invalid, written: Written) -> None:
        """Our own write is known before the watch shows it, or the next pass would compare with an old status.

        A status that came meanwhile is newer, or is followed by the event of our own.
        """
        newest = self._parts.store.agents.get(agent.key)
        if newest is not None and newest.uid == agent.uid and newest.status == written.before:
            self._parts.store.agents.put(replace(newest, status=written.after))

    async def _stall(self, agent: Invalid) -> None:
        """Nothing of it is changed: what an older version applied for it stays in force."""
        refused = false(ConditionType.ACCEPTED, Reason.INVALID, agent.error)
        kept = {name: value for name, value in agent.status.items() if name not in ("conditions", "observedGeneration")}
        written = await self._parts.statuses.write(agent, (*kstatus(refused, refused), refused), kept)
        if written is not None:
            self._learn(agent, written)
            await self._parts.recorder.record(agent, transitions(written))

    def _forget(self, key: Key) -> None:
        """The Agent is gone: its children go by garbage collection, its rows here."""
        parts = self._parts
        if parts.index.drop(key):
            self._due(index_key(key.namespace), parts.index.pause(key.namespace))
        if parts.relay.drop(key):
            self._due(relay_key(parts.store.settings.operator_namespace), relay_writer.DEBOUNCE)
        if parts.gateway.drop(key):
            self._due(gateway_key(parts.store.settings.operator_namespace), gateway_writer.DEBOUNCE)
        if parts.tenants.drop(key):
            self._due(tenant_key(key.namespace), gateway_writer.DEBOUNCE)
        for policy in parts.outcomes.put(key, ()):
            self._due(policy, policy_status.DEBOUNCE)
        parts.statuses.forget(key)
        parts.gauges.forget(key)

    async def _index(self, namespace: str) -> float | None:
        try:
            wait = await self._parts.index.write(namespace)
        except ApiError as error:
            if not error.moot:
                self._tell(namespace, f"the injection index was refused: {error}")
            raise
        if wait is None:
            self._tell(namespace, "")
        return wait

    def _tell(self, namespace: str, error: str) -> None:
        """Lets the Agents of a namespace say that their index could not be written, or that it is well again."""
        errors = self._parts.store.errors
        if not error and not errors:
            return  # as nearly always: an index is written once a second while Agents arrive
        for agent in self._parts.store.agents.in_namespace(namespace):
            if errors.get(agent.key, "") != error:
                self._due(agent.key)
                if error:
                    errors[agent.key] = error
                else:
                    del errors[agent.key]

    async def _policy(self, key: Key) -> None:
        parts = self._parts
        written = await parts.policies.write(key)
        policy = parts.store.policies.get(key)
        if written is not None and policy is not None:
            if policy.status == written.before:
                policy = replace(policy, status=written.after)
                parts.store.policies.put(policy)
            told = [*transitions(written), *use_told(policy, written.before, written.after)]
            await parts.recorder.record(policy, told)
        parts.gauges.show_policy(key, policy)

    def _due(self, key: Key, after: float = 0.0) -> None:
        if self.queue is not None:
            self.queue.add(key, after)
