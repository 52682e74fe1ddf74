"""Events tell of transitions, once."""

from typing import Any

import pytest

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.agent.plan import Event
from agentops_operator.runtime.events import WINDOW, Recorder, transitions
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.objects import TERMINATING, ApiError
from agentops_operator.runtime.parse import parse
from agentops_operator.runtime.status import Written
from tests.runtime.bodies import agent_body
from tests.runtime.fakes import FakeClock, FakeCluster

LEAKED = Event("Warning", "Leaked", "rule order-id lets its canary through")


def entry(status: str, reason: str, type_: str = "Enforced") -> dict[str, Any]:
    """One condition of a status."""
    return {"type": type_, "status": status, "reason": reason, "message": "m"}


def told(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Type and reason of the events that a change of conditions makes."""
    return [(event.type, event.reason) for event in transitions(Written({"conditions": before}, {"conditions": after}))]


def test_change_is_told_and_sameness_is_not() -> None:
    """Only a condition whose status or reason changed makes an event."""
    assert told([entry("True", "Enforced")], [entry("False", "Leaked")]) == [("Warning", "Leaked")]
    assert told([entry("False", "Leaked")], [entry("False", "Leaked")]) == []
    assert told([entry("False", "Leaked")], [entry("True", "Enforced")]) == [("Normal", "Enforced")]


def test_new_object_that_is_well_makes_no_event() -> None:
    """A thousand new Agents without a fault are a thousand writes less."""
    assert told([], [entry("True", "Accepted", "Accepted"), entry("Unknown", "AwaitingFirstObservation")]) == []
    assert told([], [entry("False", "Conflicted", "Accepted")]) == [("Warning", "Conflicted")]


async def test_same_event_is_sent_once_in_ten_minutes_and_counted() -> None:
    """Repeats become a count in the same Event object."""
    cluster, clock = FakeCluster(), FakeClock()
    recorder = Recorder(cluster, clock, Metrics(), "one")
    agent = parse(AGENT, agent_body())
    assert isinstance(agent, Resource)
    for _ in range(5):
        await recorder.record(agent, [LEAKED])
    await clock.advance(WINDOW + 1)
    await recorder.record(agent, [LEAKED])
    assert (cluster.calls["create Event"], cluster.calls["apply Event"]) == (1, 1)
    (stored,) = cluster.objects.values()
    assert stored["series"]["count"] == 6
    assert stored["regarding"]["uid"] == agent.uid


async def test_lost_event_fails_nothing() -> None:
    """An API server that refuses events does not stop reconciliation."""
    cluster, clock = FakeCluster(), FakeClock()
    cluster.refusals["Event"] = ApiError(403, "Forbidden", "no")
    recorder = Recorder(cluster, clock, Metrics(), "one")
    agent = parse(AGENT, agent_body())
    await recorder.record(agent, [LEAKED])
    assert cluster.objects == {}


async def test_event_in_a_namespace_that_goes_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    """Deleting a namespace with many Agents leaves no line of log for each."""
    cluster, clock = FakeCluster(), FakeClock()
    cluster.refusals["Event"] = ApiError(403, "Forbidden", f"unable to create new content {TERMINATING}")
    recorder = Recorder(cluster, clock, Metrics(), "one")
    await recorder.record(parse(AGENT, agent_body()), [LEAKED])
    assert caplog.text == ""
