"""The parts of a leading operator, put together. The watches on what people write by hand are brought by the caller."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from agentops_operator.agent.compile import compile_agent
from agentops_operator.agent.relay import compile_relay
from agentops_operator.runtime.alerts import EVERY, AlertObserver, AlertWriter, RulesSource
from agentops_operator.runtime.applier import Applier
from agentops_operator.runtime.attendance import Attendance
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.evaluations import RunRecorder
from agentops_operator.runtime.events import Recorder
from agentops_operator.runtime.gateway_observer import GatewayClient, GatewayObserver
from agentops_operator.runtime.gateway_pods import GatewayPods
from agentops_operator.runtime.gateway_writer import GatewayWriter
from agentops_operator.runtime.hold_keeper import HoldKeeper
from agentops_operator.runtime.hold_observer import HoldObserver, HoldSource
from agentops_operator.runtime.hold_series import HoldSeries
from agentops_operator.runtime.index_writer import IndexWriter
from agentops_operator.runtime.intake import Intake, alerts_key, gateway_key, index_key, relay_key, tenant_key
from agentops_operator.runtime.lasting import lasting
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.namespace_labels import NamespaceLabels
from agentops_operator.runtime.notifier import Notifier
from agentops_operator.runtime.objects import Cluster
from agentops_operator.runtime.observer import Observer, RelayClient
from agentops_operator.runtime.pods import PodWatcher
from agentops_operator.runtime.policy_status import Outcomes, PolicyStatus
from agentops_operator.runtime.queue import KeyedQueue
from agentops_operator.runtime.reconcile import Parts, Reconciler
from agentops_operator.runtime.refusals import RefusalWatcher
from agentops_operator.runtime.relay_writer import RelayWriter
from agentops_operator.runtime.resync import Resync
from agentops_operator.runtime.settings import RuntimeSettings
from agentops_operator.runtime.status import StatusWriter
from agentops_operator.runtime.store import Store
from agentops_operator.runtime.tenant_observer import TenantClient, TenantObserver
from agentops_operator.runtime.tenant_writer import TenantWriter
from agentops_operator.runtime.usage_observer import GatewaySeries, UsageObserver
from agentops_operator.runtime.watches import AT_HOME, FOLLOWED, Followed, KindWatch

GATEWAY_SHARE = 0.5  # of the pause between two looks at the relay: a plan is changed by people who wait for it
USAGE_SHARE = 6  # a status that followed each call would cost more than the calls


@dataclass(frozen=True)
class Outside:
    """What the process needs of the world."""

    cluster: Cluster
    relay: RelayClient
    clock: Clock
    metrics: Metrics
    rules: RulesSource | None = None
    gateway: GatewayClient | None = None
    holds: HoldSource | None = None
    tenants: TenantClient | None = None


class Operator:
    """One operator that leads: facts come in through `intake` and its own watches, work begins with `start`."""

    def __init__(self, settings: RuntimeSettings, outside: Outside) -> None:
        self._settings = settings
        self._outside = outside
        self._tasks: list[asyncio.Task[None]] = []
        self.store = Store(settings.compile)
        GatewaySeries(outside.metrics.registry, self.store)
        HoldSeries(outside.metrics.registry, self.store.holds)
        self._notifier = Notifier(settings.receiver, settings.link, self.store.holds, outside.clock, outside.metrics.notices)
        self._attendance = Attendance(self._namespace_complete)
        self._reconciler = Reconciler(self._parts(), compile_agent)
        self.queue = KeyedQueue(self._reconciler.work, outside.clock, outside.metrics, settings.workers)
        self._reconciler.queue = self.queue
        self._notifier.due = self._keeper.due = self.queue.add
        self.intake = Intake(self.store, self._attendance, self.queue.add)
        self._pods = PodWatcher(outside.cluster, self.store, self.queue.add, outside.clock, outside.metrics.background_failures)
        GatewayPods(outside.metrics.registry, self.store, lambda: self.working and self._pods.all_known)
        self._observer = Observer(outside.relay, self.store, self.queue.add, outside.clock, outside.metrics)
        self._resync = Resync(outside.cluster, outside.clock, self.store, self.intake, settings.namespaces)
        self._labels = NamespaceLabels(outside.cluster, outside.clock, self.intake, settings.namespaces)
        self._watches = [self._watch(what, namespace) for what in FOLLOWED for namespace in settings.namespaces or ("",)]
        self._watches += [self._watch(what, settings.home) for what in AT_HOME]
        self._refusals = RefusalWatcher(outside.cluster, outside.clock, self.store, self.queue.add, settings.namespaces)
        self.intake.namespaces_changed = self._namespaces_changed
        self._namespaces: frozenset[str] = frozenset()
        self.working = False

    def _parts(self) -> Parts:
        outside, store = self._outside, self.store
        applier = Applier(outside.cluster, store.children)
        statuses = StatusWriter(outside.cluster, outside.clock, store.writing)
        recorder = Recorder(outside.cluster, outside.clock, outside.metrics, self._settings.identity)
        outcomes = Outcomes()
        self._keeper = HoldKeeper(
            outside.cluster,
            store,
            statuses,
            recorder,
            outside.clock,
            outside.holds,
            self._notifier,
            checked=self._settings.decisions_checked,
        )
        return Parts(
            store=store,
            applier=applier,
            statuses=statuses,
            index=IndexWriter(
                outside.cluster, applier, store.children, store.agents, self._attendance, outside.clock, outside.metrics
            ),
            gateway=GatewayWriter(outside.cluster, applier, self._attendance, store),
            tenants=TenantWriter(applier, self._attendance, store),
            relay=RelayWriter(applier, self._attendance, self._settings.compile, compile_relay),
            alerts=AlertWriter(outside.cluster, applier, store),
            outcomes=outcomes,
            policies=PolicyStatus(store, outcomes, statuses, self._attendance),
            recorder=recorder,
            attendance=self._attendance,
            gauges=outside.metrics.objects,
            pods_known=lambda namespace: self._pods.known(namespace),
            runs=RunRecorder(outside.cluster, store),
            holds=self._keeper,
            clock=outside.clock,
        )

    def _watch(self, what: Followed, namespace: str) -> KindWatch:
        return KindWatch(self._outside.cluster, self._outside.clock, self.store, self.intake, what, namespace)

    async def start(self) -> None:
        """Lists every kind, looks at the relay, then begins to work: a decision before would be made on half of the facts."""
        await self._resync.fill()
        await self._labels.fill()
        for watch in self._watches:
            self._run(f"watch of {watch.kind}", watch.run)
        for watch in self._watches:
            await watch.listed.wait()
        self._run("refusals", self._refusals.run)
        await self._refusals.listed.wait()  # without them a restart would put withdrawn rows back for a moment
        await self._begin()

    def missing(self) -> str:
        """What work waits for; empty when it has begun."""
        kinds = self._resync.unlisted[:1] or sorted({watch.kind for watch in self._watches if not watch.listed.is_set()})
        if kinds:
            return f"waiting for the first list of {', '.join(kinds)}"
        return "" if self.working else "waiting for the first look at relay and alert rules"

    def _run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        kept = lasting(name, work, self._outside.clock, self._outside.metrics.background_failures)
        self._tasks.append(asyncio.create_task(kept, name=name))

    async def close(self) -> None:
        """Stops working; requests under way are ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pods.stop()
        await self.queue.stop()

    async def _begin(self) -> None:
        every = self._settings.observe_seconds
        if every > 0:
            await self._observer.first_look()
        if self._outside.rules is not None:
            alerts = AlertObserver(self._outside.rules, self.store, self.queue.add, self._outside.clock)
            await alerts.first_look()
            self._run("alerts", partial(alerts.run, EVERY))
        await self._begin_gateway()
        self._run("resync", self._resync.run)
        if self._settings.namespaces:
            self._run("namespaces", self._labels.run)
        self.queue.add(relay_key(self._settings.home))
        self.queue.add(gateway_key(self._settings.home))
        self.queue.add(alerts_key(self._settings.home))
        for namespace in {item.ref.namespace for item in self.store.children.of_kind("InjectionIndex")}:
            self.queue.add(index_key(namespace))  # an index whose last Agent went while nobody watched
        for namespace in self.store.tenant_namespaces():
            self.queue.add(tenant_key(namespace))  # one whose last policy went while nobody watched
        self.queue.start()
        self.working = True
        if every > 0:
            self._run("observer", partial(self._observer.run, every))

    async def _begin_gateway(self) -> None:
        await self._reconciler.recall_gateway()
        if self._outside.gateway is not None and self._settings.compile.gateway.enabled and self._settings.observe_seconds > 0:
            gateway = GatewayObserver(self._outside.gateway, self.store, self.queue.add, self._outside.clock)
            holds = self._hold_observer()
            # Together: a gateway that does not answer would otherwise be waited for twice.
            tenants = self._tenant_observer()
            await asyncio.gather(gateway.first_look(), *(one.first_look() for one in (*holds, *tenants)))
            usage = UsageObserver(self._outside.gateway, self.store, self.queue.add, self._outside.clock)
            every = self._settings.observe_seconds
            self._run("gateway", partial(gateway.run, every * GATEWAY_SHARE))
            self._run("usage", partial(usage.run, every * USAGE_SHARE))
            self._notifier.recall()
            self._run("notices", self._notifier.run)
            for one in holds:
                self._run("holds", partial(one.run, every * GATEWAY_SHARE))
            for observer in tenants:
                self._run("tenant gateways", partial(observer.run, every * GATEWAY_SHARE))

    def _tenant_observer(self) -> list[TenantObserver]:
        """One, where gateways of tenants can be asked."""
        source = self._outside.tenants
        return [] if source is None else [TenantObserver(source, self.store, self.queue.add, self._outside.clock)]

    def _hold_observer(self) -> list[HoldObserver]:
        """One, where the gateway can be asked for held runs."""
        source = self._outside.holds
        return [] if source is None else [HoldObserver(source, self.store, self.queue.add, self._outside.clock)]

    def _namespaces_changed(self, namespaces: frozenset[str]) -> None:
        if namespaces != self._namespaces:
            self._namespaces = namespaces
            self._pods.want(namespaces)
            self.queue.add(alerts_key(self._settings.home), after=1.0)

    def _namespace_complete(self, namespace: str) -> None:
        self.queue.add(index_key(namespace))
        self.queue.add(tenant_key(namespace))
        if self._attendance.complete:
            self.queue.add(relay_key(self._settings.home), after=0.2)
            self.queue.add(gateway_key(self._settings.home), after=0.2)
            for key in self.store.policies.keys():  # noqa: SIM118  (no mapping)
                self.queue.add(key, after=0.2)
