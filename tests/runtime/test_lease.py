"""Who leads, and when a leader stops."""

import asyncio
from typing import Any

import pytest

from agentops_operator.runtime.lease import NAME, Lease, LeaseLostError
from agentops_operator.runtime.objects import ApiError, Ref
from tests.runtime.fakes import FakeClock, FakeCluster, settle

REF = Ref("coordination.k8s.io/v1", "Lease", "agentops-system", NAME)


def make_lease(cluster: FakeCluster, clock: FakeClock, identity: str) -> Lease:
    """The Lease as one replica sees it."""
    return Lease(cluster, clock, "agentops-system", identity)


async def test_one_of_two_leads() -> None:
    """The second replica waits as long as the first renews."""
    cluster, clock = FakeCluster(), FakeClock()
    first, second = make_lease(cluster, clock, "one"), make_lease(cluster, clock, "two")
    await first.acquire()
    hold, wait = asyncio.create_task(first.hold()), asyncio.create_task(second.acquire())
    await clock.advance(120)
    assert (first.held, second.held) == (True, False)
    for task in (hold, wait):
        task.cancel()
    await asyncio.gather(hold, wait, return_exceptions=True)


async def test_dead_leader_is_replaced_within_twenty_seconds() -> None:
    """When the leader stops renewing, the second replica leads soon, and not before its lease has run out."""
    cluster, clock = FakeCluster(), FakeClock()
    first, second = make_lease(cluster, clock, "one"), make_lease(cluster, clock, "two")
    await first.acquire()
    wait = asyncio.create_task(second.acquire())
    await clock.advance(13)
    assert not second.held
    await clock.advance(7)
    assert second.held
    await wait
    assert cluster.objects[REF]["spec"]["leaseTransitions"] == 2


async def test_leader_that_leaves_gives_way_at_once() -> None:
    """A released lease is taken at the next look."""
    cluster, clock = FakeCluster(), FakeClock()
    first, second = make_lease(cluster, clock, "one"), make_lease(cluster, clock, "two")
    await first.acquire()
    wait = asyncio.create_task(second.acquire())
    await settle()
    await first.release()
    await clock.advance(2.1)
    assert second.held
    await wait


async def test_leader_without_api_server_stops_before_another_may_begin() -> None:
    """A leader that cannot renew for ten seconds gives up, five seconds before its lease runs out."""
    cluster, clock = FakeCluster(), FakeClock()
    lease = make_lease(cluster, clock, "one")
    await lease.acquire()
    cluster.refusals["Lease"] = ApiError(0, "Unreachable", "gone")
    hold = asyncio.create_task(lease.hold())
    await clock.advance(9)
    assert not hold.done()
    await clock.advance(3)
    assert not lease.held
    with pytest.raises(LeaseLostError):
        await hold


@pytest.mark.parametrize("stage", ["replace", "create"])
async def test_answer_that_comes_late_gives_a_leader_no_more_time(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """The others count from the write, not from the answer: a leader that did would lead beside the next one."""
    cluster, clock = FakeCluster(), FakeClock()
    first, second = make_lease(cluster, clock, "one"), make_lease(cluster, clock, "two")
    write = getattr(cluster, stage)

    async def answered_late(body: dict[str, Any]) -> Any:
        answer = await write(body)
        await clock.sleep(9)
        cluster.refusals["Lease"] = ApiError(0, "Unreachable", "gone")
        return answer

    monkeypatch.setattr(cluster, stage, answered_late)
    leading = asyncio.create_task(lead(first))
    await clock.advance(5)
    wait = asyncio.create_task(second.acquire())
    await clock.advance(8)
    cluster.refusals.clear()
    monkeypatch.undo()
    for _ in range(20):
        await clock.advance(1)
        assert not (first.held and second.held)
    assert second.held
    await asyncio.gather(leading, wait, return_exceptions=True)


async def lead(lease: Lease) -> None:
    """Leads until it is lost."""
    await lease.acquire()
    await lease.hold()


async def test_leader_stops_when_another_holds_the_lease() -> None:
    """A lease that somebody took ends the old leader at its next look."""
    cluster, clock = FakeCluster(), FakeClock()
    lease = make_lease(cluster, clock, "one")
    await lease.acquire()
    hold = asyncio.create_task(lease.hold())
    await settle()
    taken = cluster.objects[REF]
    cluster.put({**taken, "spec": {**taken["spec"], "holderIdentity": "two"}})
    await clock.advance(2.1)
    with pytest.raises(LeaseLostError):
        await hold


async def test_short_fault_ends_nothing() -> None:
    """Five seconds without API server are survived."""
    cluster, clock = FakeCluster(), FakeClock()
    lease = make_lease(cluster, clock, "one")
    await lease.acquire()
    hold = asyncio.create_task(lease.hold())
    cluster.refusals["Lease"] = ApiError(503, "Unavailable", "busy")
    await clock.advance(5)
    cluster.refusals.clear()
    await clock.advance(30)
    assert lease.held
    assert not hold.done()
    hold.cancel()
    await asyncio.gather(hold, return_exceptions=True)
