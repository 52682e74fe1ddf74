"""The queue's promises, with time that stands still and with any order of events."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops_operator.agent.facts import Key
from agentops_operator.runtime.metrics import CONTROLLER, Metrics
from agentops_operator.runtime.queue import LAST_RETRY, KeyedQueue, retry_after
from tests.runtime.fakes import FakeClock, settle

ONE = Key("Agent", "shop", "one")
TWO = Key("Agent", "shop", "two")


class Work:
    """Work that can be held, made to fail, or asked to come again."""

    def __init__(self) -> None:
        self.done: list[Key] = []
        self.running: Counter[Key] = Counter()
        self.overlaps = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.again: float | None = None

    async def __call__(self, key: Key) -> float | None:
        """Counts, waits at the gate, then fails or returns."""
        self.running[key] += 1
        self.overlaps += self.running[key] > 1
        await self.gate.wait()
        await asyncio.sleep(0)
        self.running[key] -= 1
        self.done.append(key)
        if self.error is not None:
            raise self.error
        return self.again


def make_queue(work: Work, clock: FakeClock, workers: int = 3) -> KeyedQueue:
    """A queue whose pauses are the longest possible."""
    return KeyedQueue(work, clock, Metrics(), workers, luck=lambda: 1.0)


async def test_key_added_many_times_is_worked_on_once() -> None:
    """Ten adds before a worker comes are one pass."""
    work, clock = Work(), FakeClock()
    queue = make_queue(work, clock)
    for _ in range(10):
        queue.add(ONE)
    queue.start()
    await settle()
    assert work.done == [ONE]
    await queue.stop()


async def test_key_added_while_it_runs_runs_once_more_and_never_beside_itself() -> None:
    """An add during the pass is not lost, and waits for the end of the pass."""
    work, clock = Work(), FakeClock()
    queue = make_queue(work, clock)
    work.gate.clear()
    queue.start()
    queue.add(ONE)
    await settle()
    for _ in range(5):
        queue.add(ONE)
    await settle()
    assert work.running[ONE] == 1
    work.gate.set()
    await settle()
    assert work.done == [ONE, ONE]
    assert work.overlaps == 0
    await queue.stop()


async def test_failing_key_does_not_hold_up_others() -> None:
    """While one key waits for its next try, another is worked on at once."""
    work, clock = Work(), FakeClock()
    queue = make_queue(work, clock, workers=1)
    work.error = RuntimeError("broken")
    queue.start()
    queue.add(ONE)
    await settle()
    work.error = None
    queue.add(TWO)
    await settle()
    assert work.done == [ONE, TWO]
    await clock.advance(1)
    assert work.done == [ONE, TWO, ONE]
    await queue.stop()


async def test_success_forgets_failures() -> None:
    """After a success the next failure begins with the shortest pause again."""
    work, clock = Work(), FakeClock()
    queue = make_queue(work, clock)
    work.error = RuntimeError("broken")
    queue.start()
    queue.add(ONE)
    await clock.advance(20)
    work.error = None
    await clock.advance(400)
    work.error, before = RuntimeError("broken"), len(work.done)
    queue.add(ONE)
    await clock.advance(0.6)
    assert len(work.done) == before + 2
    await queue.stop()


async def test_work_may_ask_to_come_again() -> None:
    """A returned number of seconds makes the key due again, not earlier and not as a failure."""
    work, clock = Work(), FakeClock()
    queue = make_queue(work, clock)
    work.again = 30.0
    queue.start()
    queue.add(ONE)
    await clock.advance(29)
    assert len(work.done) == 1
    await clock.advance(2)
    assert len(work.done) == 2
    await queue.stop()


async def test_earlier_time_wins() -> None:
    """A key planned for later is due at once when it is added for now, and runs once."""
    work, clock = Work(), FakeClock()
    queue = make_queue(work, clock)
    queue.start()
    queue.add(ONE, after=60)
    queue.add(ONE, after=5)
    queue.add(ONE, after=90)
    await clock.advance(6)
    assert work.done == [ONE]
    await clock.advance(100)
    assert work.done == [ONE]
    await queue.stop()


async def test_no_more_keys_at_a_time_than_workers() -> None:
    """Two workers never work on three keys at a time."""
    work, clock = Work(), FakeClock()
    queue = make_queue(work, clock, workers=2)
    work.gate.clear()
    queue.start()
    for number in range(5):
        queue.add(Key("Agent", "shop", str(number)))
    await settle()
    assert sum(work.running.values()) == 2
    work.gate.set()
    await settle()
    assert len(work.done) == 5
    await queue.stop()


async def test_metrics_tell_what_waits_and_what_failed() -> None:
    """Depth, adds, retries and results have the names that dashboards know."""
    work, clock, metrics = Work(), FakeClock(), Metrics()
    queue = KeyedQueue(work, clock, metrics, 1, luck=lambda: 1.0)
    queue.add(ONE)
    queue.add(TWO)
    assert metrics.registry.get_sample_value("workqueue_depth", {"name": CONTROLLER}) == 2
    work.error = RuntimeError("broken")
    queue.start()
    await settle()
    results = {"controller": CONTROLLER, "result": "error"}
    assert metrics.registry.get_sample_value("controller_runtime_reconcile_total", results) == 2
    assert metrics.registry.get_sample_value("workqueue_retries_total", {"name": CONTROLLER}) == 2
    await queue.stop()


@given(failures=st.integers(1, 10_000), luck=st.floats(0, 1))
def test_pause_is_bounded(failures: int, luck: float) -> None:
    """Whatever happens, a key is tried again within five minutes, and not at once."""
    assert 0.25 <= retry_after(failures, luck) <= LAST_RETRY


@given(failures=st.integers(1, 12), luck=st.floats(0, 1))
def test_pause_does_not_shrink(failures: int, luck: float) -> None:
    """With the same luck, more failures never mean a shorter pause."""
    assert retry_after(failures, luck) <= retry_after(failures + 1, luck)


ACTIONS = st.lists(st.tuples(st.sampled_from(["add", "later", "time", "fail", "heal"]), st.integers(0, 3)), max_size=40)


@pytest.mark.parametrize("workers", [1, 3])
@settings(max_examples=60)
@given(actions=ACTIONS)
def test_no_add_is_ever_lost(workers: int, actions: list[tuple[str, int]]) -> None:
    """After any order of adds, failures and time, each key's last add is followed by a pass, and none overlaps."""
    asyncio.run(_play(workers, actions))


async def _play(workers: int, actions: list[tuple[str, int]]) -> None:
    work, clock = Work(), FakeClock()
    queue = make_queue(work, clock, workers)
    queue.start()
    owed: set[Key] = set()
    for action, number in actions:
        key = Key("Agent", "shop", str(number))
        match action:
            case "add" | "later":
                work.done = [done for done in work.done if done != key]
                owed.add(key)
                queue.add(key, after=float(number) if action == "later" else 0.0)
            case "time":
                await clock.advance(number)
            case "fail":
                work.error = RuntimeError("broken")
            case "heal":
                work.error = None
    work.error = None
    await clock.advance(2 * LAST_RETRY)
    assert owed <= set(work.done)
    assert work.overlaps == 0
    assert queue.idle
    await queue.stop()
