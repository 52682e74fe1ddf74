"""A crowd that spends shared budgets at several gateway processes, while the store and the gateways die and return."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from conformance.lab import Lab
from conformance.plans import AGENT, Plan, agent, budget, plan

CLIENTS, REPLICAS, AGENTS = 64, 3, 8
QUESTION = [{"role": "user", "content": "Where is my order?"}]
TIMEOUT = 3000
"""Milliseconds of a target: a reservation is orphaned some time after it."""


def agents() -> list[str]:
    """Eight of one team."""
    return [f"{AGENT}-{number}" for number in range(AGENTS)]


def crowd_plan(lab: Lab, calls: int, cost: int) -> Plan:
    """Nine of ten calls fit into the team's budget, and the last agents find theirs spent before."""
    limit = calls * cost * 9 // 10
    budgets = {
        "team": budget(limit, "MicroUSD", scope="Shared"),
        "calls": budget(calls, "Requests", scope="Shared"),
        "own": budget(limit // AGENTS, "MicroUSD"),
    }
    limited = agent(budgets=list(budgets), maxOutputTokens=1)
    return plan(lab.targets("a", timeoutMilliseconds=TIMEOUT), budgets=budgets, agents=dict.fromkeys(agents(), limited))


@dataclass
class Crowd:
    """What clients saw."""

    lab: Lab
    calls: int
    limits: Mapping[str, int]
    answered: int = 0
    refused: int = 0
    lost: int = 0
    """Calls of which the answer never came: their gateway or its store had died."""
    killed: int = 0
    overdrawn: list[Any] = field(default_factory=list)

    def told(self) -> str:
        """In one line."""
        return f"{self.answered} answered, {self.refused} refused, {self.lost} lost, {self.killed} killed"

    async def spend(self) -> None:
        """Asks until all calls were answered or refused; things die meanwhile."""
        done, numbers = asyncio.Event(), itertools.count()
        others = [asyncio.create_task(self._kill(done)), asyncio.create_task(self._watch(done))]
        try:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CLIENTS)) as session:
                await asyncio.gather(*(self._client(session, number, numbers) for number in range(CLIENTS)))
        finally:
            done.set()
            await asyncio.gather(*others)

    async def _client(self, session: aiohttp.ClientSession, number: int, numbers: "itertools.count[int]") -> None:
        name = agents()[number % AGENTS]
        token = self.lab.issuer.token(name)
        while next(numbers) < self.calls:
            while not await self._asked(session, token):  # noqa: ASYNC110 (a store that is away has no event of ours)
                await asyncio.sleep(0.02)

    async def _asked(self, session: aiohttp.ClientSession, token: str) -> bool:
        """One call at any replica; whether it had an end."""
        url = f"{random.choice(self.lab.replicas).url}/v1/chat/completions"
        body = {"model": "chat", "messages": QUESTION}
        try:
            async with session.post(url, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
                said = await answer.json()
        except (aiohttp.ClientError, ConnectionError):
            self.lost += 1
            return False
        if answer.status == 200:
            self.answered += 1
            return True
        code = said["error"]["code"]
        if code in ("budget_exhausted", "budget_in_flight"):
            self.refused += 1
            return True
        if code != "state_unavailable":
            raise AssertionError(f"unexpected: {answer.status} {said}")
        self.lost += 1
        return False

    async def _kill(self, done: asyncio.Event) -> None:
        """Redis and a gateway in turn; the longer Redis reads when it starts, the rarer."""
        pause = 0.5
        for turn in itertools.count():
            await asyncio.wait([asyncio.ensure_future(done.wait())], timeout=pause)
            if done.is_set():
                return
            began = time.monotonic()
            await asyncio.to_thread(self._revive, turn // 2 % REPLICAS if turn % 2 else None)
            self.killed += 1
            pause = max(pause, 4 * (time.monotonic() - began))

    def _revive(self, replica: int | None) -> None:
        if replica is None:
            self.lab.store.kill()
            self.lab.store.start()
        else:
            self.lab.replace_replica(replica)

    async def _watch(self, done: asyncio.Event) -> None:
        """At no moment more than the limit is used and reserved."""
        while not done.is_set():
            for number in (0, AGENTS - 1):
                for use in (await asyncio.to_thread(self._usage, agents()[number])).values():
                    if use["used"] + use["reserved"] > self.limits[use["id"]]:
                        self.overdrawn.append(use)
            await asyncio.sleep(0.05)

    def _usage(self, name: str) -> dict[str, Any]:
        """Budgets by id; none while the gateway that is asked dies."""
        with contextlib.suppress(OSError):
            found = random.choice(self.lab.replicas).usage(name)["budgets"]
            return {entry["id"]: entry for entry in found}
        return {}

    async def settled(self, seconds: float) -> dict[str, Any]:
        """The shared budgets once nothing is reserved any more, or after so long."""
        end = time.monotonic() + seconds
        while not (use := self._usage(agents()[0])) or (  # noqa: ASYNC110 (nor has an orphan)
            time.monotonic() < end and use["team"]["reserved"]
        ):
            await asyncio.sleep(0.2)
        return use
