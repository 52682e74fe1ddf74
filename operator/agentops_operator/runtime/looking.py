"""Looking at a part of the data plane again and again, with patience for a miss."""

from abc import ABC, abstractmethod

import aiohttp

from agentops_operator.runtime.clock import Clock

FAILURES = 3  # misses in a row before something counts as unreachable: one lost packet is no news
FIRST_PAUSE = 1.0  # between the first looks, while reconciliation waits for them
FAULTS = (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What an answer may be at fault with: it does not come, it is no JSON, it has another shape, it is nested without end."""


class Looking(ABC):
    """What every observer does in the same way; `look` is its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._misses = 0

    @abstractmethod
    async def look(self) -> None:
        """One look; it keeps `_misses`, the looks in a row that brought nothing."""

    async def first_look(self) -> None:
        """Looks until there was an answer, or none counts as coming: deciding earlier would unsay what held before a restart."""
        await self.look()
        while 0 < self._misses < FAILURES:
            await self._clock.sleep(FIRST_PAUSE)
            await self.look()

    async def run(self, every: float) -> None:
        """Looks for ever, each `every` seconds."""
        while True:
            await self._clock.sleep(every)
            await self.look()
