"""Asks the gateway which runs wait for a person: one question for all Agents, so that the cost follows the held runs."""

import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

from agentops_operator.agent.facts import Key
from agentops_operator.agent.holds.decision import Delivery
from agentops_operator.agent.holds.waiting import RunNow, Waiting, waiting_in
from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.looking import FAILURES, FAULTS, Looking
from agentops_operator.runtime.store import Store

AnswerT = TypeVar("AnswerT")
LOG = logging.getLogger(__name__)
PAGES = 100  # of a hundred: more held runs than that nobody decides on, and a cursor that goes in circles ends here


class HoldSource(Protocol):
    """What the gateway says of held runs, and takes of decisions."""

    async def addresses(self) -> tuple[str, ...]:
        """Addresses of all replicas that take calls; all of them read one store."""

    async def holds(self, address: str, cursor: str) -> Mapping[str, Any]:
        """`GET /v1/holds` of a replica."""

    async def run(self, address: str, agent: str, run: str) -> RunNow | None:
        """`GET /v1/runs` for one run; None when there is none."""

    async def decide(self, address: str, body: Mapping[str, Any]) -> Delivery:
        """`POST /v1/decisions` of a replica."""


async def of_any(source: HoldSource, ask: Callable[[str], Awaitable[AnswerT]]) -> AnswerT:
    """What the first replica that answers says: all of them read one store, and a decision counts once whoever takes it."""
    addresses = await source.addresses()
    for address in addresses[:-1]:
        with contextlib.suppress(*FAULTS):
            return await ask(address)
    return await ask(addresses[-1])


class HoldObserver(Looking):
    """Keeps the list of waiting runs fresh."""

    def __init__(self, source: HoldSource, store: Store, add: Callable[[Key], None], clock: Clock) -> None:
        super().__init__(clock)
        self._source = source
        self._store = store
        self._add = add

    async def look(self) -> None:
        """Asks once; the gateway counts as unreachable after three failures."""
        try:
            found = await self._read()
        except FAULTS as error:
            self._misses += 1
            if self._misses >= FAILURES:
                self._unreachable(f"the gateway does not list held runs: {error or type(error).__name__}")
            return
        self._misses = 0
        self._publish(found)

    async def _read(self) -> dict[Key, Waiting]:
        cursor = ""
        found: dict[Key, Waiting] = {}
        for _ in range(PAGES):
            page = await of_any(self._source, partial(self._page, cursor))
            found |= {waiting.key: waiting for waiting in waiting_in(page)}
            cursor = str(page.get("next") or "")
            if not cursor:
                break
        return found

    async def _page(self, cursor: str, address: str) -> Mapping[str, Any]:
        return await self._source.holds(address, cursor)

    def _publish(self, found: dict[Key, Waiting]) -> None:
        holds = self._store.holds
        before, holds.waiting = holds.waiting, found
        back, holds.unreachable = holds.unreachable, ""
        changed = {key for key in before.keys() | found.keys() if _told(before.get(key)) != _told(found.get(key))}
        # A record whose run the gateway does not list is over, also when it ended while nobody looked.
        unsaid = {key for key in holds.open() if key not in found or back}
        agents = {waiting.agent for key in changed for waiting in (before.get(key), found.get(key)) if waiting is not None}
        for key in (*changed, *unsaid, *agents):
            self._add(key)

    def _unreachable(self, error: str) -> None:
        holds = self._store.holds
        if bool(holds.unreachable) and holds.unreachable == error:
            return
        LOG.info("holds: %s", error)
        holds.unreachable = error
        for key in holds.open():
            self._add(key)


def _told(waiting: Waiting | None) -> tuple[str, ...]:
    """What makes a record due: that it waits, and how; not each token of a run that was taken over."""
    return () if waiting is None else (str(waiting.state), waiting.expires)
