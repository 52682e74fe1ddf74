"""Providers die and return at random, and nobody sees it before the first byte."""

import asyncio
import os
import random
from typing import Any

import pytest

from conformance.caller import CHAT, CHAT_STREAM, RESPONSES, RESPONSES_STREAM, Way
from conformance.cases.test_accounting import LARGE, settled
from conformance.lab import Lab
from conformance.plans import AGENT, agent, budget, plan, route
from conformance.proves import proves

DEATHS: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 503},
    {"status": 429, "retry_after": "5"},
    {"reset": True},
    {"silent": True},
    {"first_token": 5.0, "latency": 5.0},
    {"garbage": "json"},
    {"status": 401},
]
CALLERS = 8


async def _chaos(lab: Lab, done: asyncio.Event, rolls: random.Random) -> int:
    """Kills and heals A and B until told to stop; C always lives."""
    deaths = 0
    while not done.is_set():
        name = rolls.choice(("a", "b"))
        await asyncio.to_thread(lab.provider.heal, name)
        if rolls.random() < 0.7:
            deaths += 1
            await asyncio.to_thread(lambda name=name: lab.provider.fault(provider=name, times=0, **rolls.choice(DEATHS)))
        await asyncio.sleep(rolls.uniform(0.02, 0.2))
    return deaths


async def _survives(lab: Lab, calls: int) -> None:
    # Enough for one that lives, on a busy machine too: what answers after it was given up bills what nobody is charged for.
    targets = lab.targets("a", "b", timeoutMilliseconds=1000) | lab.targets("c")
    routes = {"chat": route("a", "b", "c", cooldownSeconds=1, failuresToCooldown=2)}
    counting = {"usd": budget(LARGE, "MicroUSD")}
    lab.start(plan(targets, routes=routes, budgets=counting, agents={AGENT: agent(budgets=["usd"])}))
    seed = int(os.environ.get("CONFORMANCE_SEED", "0")) or random.randrange(1, 10**6)
    print(f"CONFORMANCE_SEED={seed}")
    done, left = asyncio.Event(), iter(range(calls))
    ways: tuple[Way, ...] = (CHAT, CHAT_STREAM, RESPONSES, RESPONSES_STREAM)

    async def call() -> None:
        for number in left:
            said = await lab.caller().ask(ways[number % 4])
            assert said.text.startswith("You said"), said

    chaos = asyncio.create_task(_chaos(lab, done, random.Random(seed)))
    try:
        await asyncio.gather(*(call() for _ in range(CALLERS)))
    finally:
        done.set()
        deaths = await chaos
    assert deaths > 3
    assert lab.provider.bill()["calls"] >= calls
    assert lab.provider.bill()["failed"] > 0
    # A provider that was given up may have billed what nobody saw; that much is an estimate on our side.
    use, bill = await settled(lab), lab.provider.bill()["microUsd"]
    assert use["used"] - use["estimated"] <= bill <= use["used"]


@proves("failover/no-visible-error", "routes.*.cooldownSeconds", "accounting/equals-bill")
async def test_no_caller_sees_an_error_while_one_provider_lives(lab: Lab) -> None:
    """Some hundred calls, whole and streamed, under every kind of death."""
    await _survives(lab, 400)


@pytest.mark.soak
@proves("failover/no-visible-error")
async def test_no_caller_sees_an_error_in_ten_thousand_calls(lab: Lab) -> None:
    """The same for longer."""
    await _survives(lab, 10_000)
