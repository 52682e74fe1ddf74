"""Events: one for a transition, and repeats of it as a count instead of new objects."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.facts import Invalid, Key, Resource
from agentops_operator.agent.plan import Event
from agentops_operator.api.kind import API_VERSION
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.kube.digest import short
from agentops_operator.kube.names import EVENT_REPORTER
from agentops_operator.runtime.clock import Clock, rfc3339_micro
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.objects import ApiError, Cluster
from agentops_operator.runtime.status import Written

LOG = logging.getLogger(__name__)
NOTE_LIMIT = 1000  # the API server takes 1,024 bytes
WINDOW = 600.0  # seconds in which the same event is counted, not sent
REMEMBERED = 4096
TOLD = (
    ConditionType.ACCEPTED,
    ConditionType.PROGRAMMED,
    ConditionType.ENFORCED,
    ConditionType.COVERED,
    ConditionType.NOTIFIED,
)
ORDINARY = frozenset(
    {
        Reason.AWAITING_SIDECARS,
        Reason.AWAITING_RELAY,
        Reason.AWAITING_GATEWAY,
        Reason.AWAITING_DECISION,
        Reason.AWAITING_FIRST_OBSERVATION,
        Reason.NO_AGENTS_MATCHED,
        Reason.NOT_ACCEPTED,
    }
)
"""Reasons that every new object passes through, or that repeat another condition: no warning."""


def transitions(written: Written) -> list[Event]:
    """What is worth telling: conditions whose status or reason changed, except ordinary steps on the way."""
    before = {entry["type"]: entry for entry in written.before.get("conditions") or []}
    return [event for entry in written.after.get("conditions") or [] if (event := _event(before.get(entry["type"]), entry))]


def _event(old: Mapping[str, Any] | None, entry: Mapping[str, Any]) -> Event | None:
    same = old is not None and (old["status"], old["reason"]) == (entry["status"], entry["reason"])
    if entry["type"] not in TOLD or same or entry["reason"] in ORDINARY or entry["status"] == "Unknown":
        return None
    if entry["status"] == "True" and old is None:
        return None  # a new object that is fine at once needs no applause
    return Event("Normal" if entry["status"] == "True" else "Warning", entry["reason"], entry.get("message") or entry["type"])


@dataclass
class _Sent:
    last: float
    body: dict[str, Any]
    count: int = 1


class Recorder:
    """Sends events, the same one at most once in ten minutes; a lost event is logged and not tried again."""

    def __init__(self, cluster: Cluster, clock: Clock, metrics: Metrics, identity: str) -> None:
        self._cluster = cluster
        self._clock = clock
        self._metrics = metrics
        self._identity = identity
        self._sent: dict[tuple[Key, str, str], _Sent] = {}

    async def record(self, obj: Resource[Any] | Invalid, events: Sequence[Event]) -> None:
        """Sends what was not sent lately."""
        for event in events:
            mark = (obj.key, event.reason, event.message)
            sent, now = self._sent.get(mark), self._clock.monotonic()
            if sent is not None and now - sent.last < WINDOW:
                sent.count += 1
                self._metrics.events_dropped.inc()
                continue
            await self._send(obj, event, mark, sent)

    async def _send(self, obj: Resource[Any] | Invalid, event: Event, mark: tuple[Key, str, str], sent: _Sent | None) -> None:
        try:
            if sent is None:
                sent = _Sent(0.0, self._body(obj, event))
                await self._cluster.create(sent.body)
            else:
                sent.count += 1
                series = {"count": sent.count, "lastObservedTime": rfc3339_micro(self._clock.now())}
                await self._cluster.apply({**sent.body, "series": series})
        except ApiError as error:
            if error.moot:
                return  # a namespace that goes with many Agents would fill the log
            LOG.warning("event %s of %s was not recorded: %s", event.reason, obj.key, error)
            return
        sent.last = self._clock.monotonic()
        if len(self._sent) >= REMEMBERED:
            self._sent.pop(next(iter(self._sent)))
        self._sent[mark] = sent

    def _body(self, obj: Resource[Any] | Invalid, event: Event) -> dict[str, Any]:
        now = self._clock.now()
        # The time alone would give two events of one moment the same name.
        mark = f"{int(now.timestamp() * 1e6):x}{short([obj.uid, event.reason, event.message])}"
        place = {"kind": obj.key.kind, "namespace": obj.key.namespace, "name": obj.key.name}
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{obj.key.name}.{mark}", "namespace": obj.key.namespace},
            "eventTime": rfc3339_micro(now),
            "type": event.type,
            "reason": event.reason,
            "action": "Reconcile",
            "note": event.message[:NOTE_LIMIT],
            "regarding": {**place, "apiVersion": API_VERSION, "uid": obj.uid},
            "reportingController": EVENT_REPORTER,
            "reportingInstance": self._identity,
        }
