"""The work queue: one worker a key at a time, no key twice, failures tried again ever more slowly."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from agentops_operator.agent.facts import Key
from agentops_operator.runtime.clock import Clock, Timer
from agentops_operator.runtime.metrics import CONTROLLER, Metrics

LOG = logging.getLogger(__name__)

FIRST_RETRY = 0.5
LAST_RETRY = 300.0  # longer would outlast the patience of a person who mended the cause

Work = Callable[[Key], Awaitable[float | None]]


def retry_after(failures: int, luck: float) -> float:
    """Seconds until the next try.

    Args:
        failures: failures in a row, at least 1.
        luck: 0 to 1; spreads keys that failed together, or they would all hit the API server at once again.
    """
    longest = min(LAST_RETRY, FIRST_RETRY * 2.0 ** min(failures - 1, 32))
    return longest * (0.5 + luck / 2)


class KeyedQueue:
    """Runs `work(key)` for each added key; what it returns is the seconds until the key is due again, or None."""

    def __init__(
        self, work: Work, clock: Clock, metrics: Metrics, workers: int, luck: Callable[[], float] = random.random
    ) -> None:
        self._work = work
        self._clock = clock
        self._metrics = metrics
        self._workers = workers
        self._luck = luck
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: dict[Key, float] = {}
        self._running: dict[Key, float] = {}
        self._timers: dict[Key, tuple[float, Timer]] = {}
        self._failures: dict[Key, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        metrics.max_concurrent.labels(CONTROLLER).set(workers)
        metrics.depth.labels(CONTROLLER).set_function(lambda: float(len(self._waiting)))
        metrics.active_workers.labels(CONTROLLER).set_function(lambda: float(len(self._running)))
        metrics.unfinished.labels(CONTROLLER).set_function(lambda: sum(self._ages()))
        metrics.longest.labels(CONTROLLER).set_function(lambda: max(self._ages(), default=0.0))

    def add(self, key: Key, after: float = 0.0) -> None:
        """Makes a key due, now or later. A key that is already due stays due at the earlier time."""
        if key in self._waiting:
            return
        if after > 0:
            self._plan(key, after)
            return
        self._drop_timer(key)
        self._waiting[key] = self._clock.monotonic()
        self._metrics.adds.labels(CONTROLLER).inc()
        if key not in self._running:  # a running key is put back by its own worker, or two workers would share it
            self._ready.put_nowait(key)

    def start(self) -> None:
        """Starts the workers; a second call does nothing."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._serve(), name=f"worker {number}") for number in range(self._workers)]

    async def stop(self) -> None:
        """Cancels the workers and planned keys, and waits for the workers."""
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    @property
    def idle(self) -> bool:
        """Whether nothing is due and nothing runs; keys planned for later do not count."""
        return not self._waiting and not self._running

    async def _serve(self) -> None:
        while True:
            key = await self._ready.get()
            started = self._clock.monotonic()
            self._metrics.queue_seconds.labels(CONTROLLER).observe(started - self._waiting.pop(key))
            self._running[key] = started
            try:
                await self._once(key)
            finally:
                del self._running[key]
                spent = self._clock.monotonic() - started
                self._metrics.work_seconds.labels(CONTROLLER).observe(spent)
                self._metrics.reconcile_seconds.labels(CONTROLLER).observe(spent)
                if key in self._waiting:
                    self._ready.put_nowait(key)

    async def _once(self, key: Key) -> None:
        try:
            again = await self._work(key)
        except Exception as error:  # noqa: BLE001  (one key's fault must not end the worker that all others need)
            self._failed(key, error)
            return
        self._failures.pop(key, None)
        self._metrics.reconcile_total.labels(CONTROLLER, "success" if again is None else "requeue_after").inc()
        if again is not None:
            self.add(key, after=again)

    def _failed(self, key: Key, error: Exception) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        pause = retry_after(failures, self._luck())
        self._metrics.reconcile_total.labels(CONTROLLER, "error").inc()
        self._metrics.reconcile_errors.labels(CONTROLLER).inc()
        self._metrics.retries.labels(CONTROLLER).inc()
        expected = bool(getattr(error, "expected", False))
        LOG.warning("%s failed, next try in %.1f s: %s", key, pause, error, exc_info=None if expected else error)
        self.add(key, after=pause)

    def forget(self, key: Key) -> None:
        """Forgets failures of a key that is gone."""
        self._failures.pop(key, None)

    def _plan(self, key: Key, after: float) -> None:
        due = self._clock.monotonic() + after
        planned = self._timers.get(key)
        if planned is not None and planned[0] <= due:
            return
        self._drop_timer(key)
        self._timers[key] = (due, self._clock.call_later(after, lambda: self._due(key)))

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _drop_timer(self, key: Key) -> None:
        planned = self._timers.pop(key, None)
        if planned is not None:
            planned[1].cancel()

    def _ages(self) -> list[float]:
        now = self._clock.monotonic()
        return [now - started for started in self._running.values()]
