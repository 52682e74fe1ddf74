"""Limits of one agent, whatever runs it names."""

import asyncio

import openai

from conformance.caller import CHAT, CHAT_STREAM, Said, refused, until_refused
from conformance.lab import Lab
from conformance.plans import AGENT, MATE, Plan, agent, plan
from conformance.proves import proves


def _limited(lab: Lab, **execution: int) -> Plan:
    return plan(lab.targets("a"), agents={AGENT: agent(execution=execution), MATE: agent(execution=execution)})


@proves("agents.*.execution.concurrentRuns", "agents.*.execution.runIdleSeconds")
async def test_only_so_many_runs_are_active_at_once(lab: Lab) -> None:
    """A third run of two waits until one of them was idle for long enough."""
    lab.start(_limited(lab, concurrentRuns=2, runIdleSeconds=2))
    for run in ("run-1", "run-2", "run-1"):
        await lab.caller(run=run).ask()
    error = await refused(lab.caller(run="run-3").ask())
    assert (error.status, error.code) == (429, "concurrent_runs")
    await lab.caller(MATE, "run-3").ask()
    for _ in range(100):
        try:
            await lab.caller(run="run-3").ask()
        except openai.RateLimitError:
            await asyncio.sleep(0.1)
            continue
        return
    raise AssertionError("an idle run never made room")


@proves("agents.*.execution.newRunsPerMinute")
async def test_fresh_run_ids_do_not_reset_every_limit(lab: Lab) -> None:
    """A new id for each call soon meets its own limit; runs that are known go on."""
    lab.start(_limited(lab, newRunsPerMinute=3))
    fresh = iter(range(100))
    answers, error = await until_refused(lambda: lab.caller(run=f"run-{next(fresh)}").ask())
    assert (answers, error.status, error.code) == (3, 429, "new_runs")
    assert 0 < int(error.headers["retry-after"]) <= 60
    await lab.caller(run="run-0").ask()


@proves("agents.*.execution.concurrentCalls")
async def test_only_so_many_calls_are_in_flight(lab: Lab) -> None:
    """Of ten calls at once two are answered; when they are done there is room again."""
    lab.start(_limited(lab, concurrentCalls=2))
    # All ten must have come before the first answer.
    lab.provider.fault(provider="a", times=0, latency=3.0)
    found = await asyncio.gather(*(lab.caller().ask() for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(entry, Said) for entry in found) == 2
    limits = [entry for entry in found if isinstance(entry, openai.RateLimitError)]
    assert {entry.code for entry in limits} == {"concurrent_calls"}
    assert len(limits) == 8
    lab.provider.heal()
    await lab.caller().ask()


@proves("agents.*.execution.concurrentCalls")
async def test_call_that_was_abandoned_makes_room(lab: Lab) -> None:
    """A caller that hangs up does not block its agent."""
    lab.start(_limited(lab, concurrentCalls=1))
    lab.provider.fault(provider="a", pause=0.3, length=400)
    asking = asyncio.create_task(lab.caller().ask(CHAT_STREAM, said=(said := Said())))
    async with asyncio.timeout(10):
        while not said.text:  # noqa: ASYNC110 (a stream has no event of ours)
            await asyncio.sleep(0.01)
    asking.cancel()
    for _ in range(100):
        try:
            await lab.caller().ask()
        except openai.RateLimitError:
            await asyncio.sleep(0.05)
            continue
        return
    raise AssertionError("the abandoned call still counts")


@proves("agents.*.execution.callsPerMinute")
async def test_only_so_many_calls_start_in_a_minute(lab: Lab) -> None:
    """The fifth of four is told when to come again."""
    lab.start(_limited(lab, callsPerMinute=4))
    answers, error = await until_refused(lambda: lab.caller().ask())
    assert (answers, error.status, error.code) == (4, 429, "calls_per_minute")
    assert 0 < int(error.headers["retry-after"]) <= 60
    await lab.caller(MATE).ask()


@proves("agents.*.execution.tokensPerMinute")
async def test_only_so_many_tokens_are_used_in_a_minute(lab: Lab) -> None:
    """The bill is below the limit, and not far below it."""
    lab.start(_limited(lab, tokensPerMinute=300))
    answers, error = await until_refused(lambda: lab.caller().ask(CHAT))
    bill = lab.provider.bill("a")
    assert (error.status, error.code) == (429, "tokens_per_minute")
    assert answers >= 3
    assert 150 <= bill["inputTokens"] + bill["outputTokens"] <= 300
