"""Keeps the records of holds: makes them, passes decisions on, says what came of them, and removes old ones."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.holds.decision import Delivery, Result, decision_body, pending
from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.holds.notice import held, link
from agentops_operator.agent.holds.record import Record, agent_of, hold_record, is_over, room, superfluous
from agentops_operator.agent.holds.status import HoldFacts, hold_status
from agentops_operator.agent.holds.waiting import Waiting
from agentops_operator.api.kind import API_VERSION
from agentops_operator.policies.budget.kind import BUDGET
from agentops_operator.policies.budget.types import BudgetSpec
from agentops_operator.runtime.clock import Clock, rfc3339
from agentops_operator.runtime.events import Recorder, transitions
from agentops_operator.runtime.hold_observer import HoldSource, of_any
from agentops_operator.runtime.looking import FAULTS
from agentops_operator.runtime.notifier import Notifier
from agentops_operator.runtime.objects import ApiError, Cluster, Ref, ref_of
from agentops_operator.runtime.parse import parse
from agentops_operator.runtime.status import StatusWriter, Written
from agentops_operator.runtime.store import Store

AGAIN = 2.0  # seconds until a decision that the gateway did not take is sent again; a person waits for it


class HoldKeeper:
    """The work on one RunHold."""

    def __init__(
        self,
        cluster: Cluster,
        store: Store,
        statuses: StatusWriter,
        recorder: Recorder,
        clock: Clock,
        source: HoldSource | None,
        notifier: Notifier,
        *,
        checked: bool,
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._statuses = statuses
        self._recorder = recorder
        self._clock = clock
        self._source = source
        self._notifier = notifier
        self._checked = checked  # whether admission checks who decides
        self.due: Callable[[Key], None] = lambda _: None

    async def keep(self, key: Key) -> float | None:
        """One pass; returns the seconds until it is due again, or None."""
        record = self._store.holds.get(key) or await self._make(key)
        if record is None:
            self._statuses.forget(key)
            return None
        if is_over(record):
            await self._prune(record)
            return None
        delivery = await self._deliver(record) if self._checked and pending(record) else None
        facts = await self._facts(record, delivery)
        await self._tell(record, facts)
        return AGAIN if delivery is not None and delivery.again else None

    async def _make(self, key: Key) -> Record | None:
        """The record of a run that waits, unless its Agent has as many as it may have."""
        holds = self._store.holds
        waiting = holds.waiting.get(key)
        if waiting is None or self._store.agents.get(waiting.agent) is None:
            return None
        self.due(waiting.agent)  # its status counts runs without a record
        if not room(holds.of(waiting.agent)):
            return None
        record = parse(RUN_HOLD, await self._create(hold_record(waiting)))
        if not isinstance(record, Resource):
            return None
        holds.put(record)
        return record

    async def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        """The new object, or the one that stands there already and that the watch has yet to show."""
        try:
            return await self._cluster.create(body)
        except ApiError as error:
            stands = await self._cluster.get(ref_of(body)) if error.status == HTTPStatus.CONFLICT else None
            if stands is None:
                raise
            return stands

    async def _deliver(self, record: Record) -> Delivery:
        source = self._source
        if source is None:
            return Delivery(Result.UNREACHABLE, "there is no gateway")
        try:
            return await of_any(source, lambda address: source.decide(address, decision_body(record)))
        except FAULTS as error:
            return Delivery(Result.UNREACHABLE, str(error) or type(error).__name__)

    async def _facts(self, record: Record, delivery: Delivery | None) -> HoldFacts:
        """What is known; the gateway is asked for the run itself where the list does not tell how it stands."""
        holds = self._store.holds
        facts = HoldFacts(
            record=record,
            now=rfc3339(self._clock.now()),
            waiting=holds.waiting.get(record.key),
            delivery=delivery,
            unreachable=holds.unreachable,
            link=link(self._notifier.link, record) if self._notifier.link else "",
            checked=self._checked,
            budget=self._budget(holds.waiting.get(record.key)),
            notice=holds.notices.get(record.key),
        )
        decided = delivery is not None and not delivery.again
        source = self._source
        if source is None or holds.unreachable or (facts.waiting is not None and not decided):
            return facts
        try:
            agent = f"{record.key.namespace}/{record.spec.agent}"
            run = await of_any(source, lambda address: source.run(address, agent, record.spec.run))
        except FAULTS as error:
            return replace(facts, unreachable=f"the gateway does not tell of the run: {error or type(error).__name__}")
        return replace(facts, asked=True, run=run)

    def _budget(self, waiting: Waiting | None) -> BudgetSpec | None:
        """The Budget whose step began the hold, for the unit of its amounts."""
        namespace, _, name = waiting.budget.partition("/") if waiting is not None else ("", "", "")
        known = self._store.policies.get(Key(BUDGET.kind, namespace, name))
        return known.spec if isinstance(known, Resource) and isinstance(known.spec, BudgetSpec) else None

    async def _tell(self, record: Record, facts: HoldFacts) -> None:
        conditions, fields = hold_status(facts)
        written = await self._statuses.write(record, conditions, fields)
        if written is None:
            return
        self._learn(record, written)
        if "since" not in record.status and "since" in fields:
            await self._announce(record, fields)
        await self._recorder.record(record, transitions(written))
        if "endedAt" in fields:
            self.due(record.key)  # old ones go in a pass of their own

    async def _announce(self, record: Record, fields: dict[str, Any]) -> None:
        """Tells that a run is held: an Event on the record and on its Agent, and a notice to the receiver."""
        event = held(record, fields)
        await self._recorder.record(record, [event])
        agent = self._store.agents.get(agent_of(record))
        if agent is not None:
            await self._recorder.record(agent, [event])
        self._notifier.add(record.key)

    def _learn(self, record: Record, written: Written) -> None:
        newest = self._store.holds.get(record.key)
        if newest is not None and newest.uid == record.uid and newest.status == written.before:
            self._store.holds.put(replace(newest, status=written.after))

    async def _prune(self, record: Record) -> None:
        holds = self._store.holds
        for old in superfluous(holds.of(agent_of(record))):
            await self._cluster.delete(Ref(API_VERSION, RUN_HOLD.kind, old.key.namespace, old.key.name), old.uid)
            holds.gone(old.key)
        # There may be room now for a run that waits without a record.
        for key in holds.without_record(agent_of(record)):
            self.due(key)
