"""Time as an argument, so that tests move it and the pure core never reads it."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    """A call that was planned and can be taken back."""

    def cancel(self) -> None:
        """Takes the call back; nothing happens when it already ran."""


class Clock(Protocol):
    """What this package needs to know of time."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    def now(self) -> datetime:
        """Time of day, in UTC."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Plans a call."""

    async def sleep(self, seconds: float) -> None:
        """Waits."""


class SystemClock:
    """The clock of the machine and of the running event loop."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def now(self) -> datetime:
        """Time of day, in UTC."""
        return datetime.now(UTC)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Plans a call in the running loop."""
        return asyncio.get_running_loop().call_later(seconds, call)

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)


def rfc3339(moment: datetime) -> str:
    """Whole seconds, as `metav1.Time` has them."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(moment: datetime) -> str:
    """Microseconds, as `metav1.MicroTime` has them."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
