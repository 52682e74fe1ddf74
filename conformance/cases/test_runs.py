"""Limits of one run."""

import asyncio
from typing import Any

import pytest

from conformance.caller import CHAT, WAYS, Way, kind_of, refused, until_refused
from conformance.lab import Lab
from conformance.plans import AGENT, ANSWER, agent, plan
from conformance.proves import proves

RUN = "agents.*.execution.run"


def _limited(lab: Lab, way: Way = CHAT, *, execution: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    limits = agent(execution={"run": run, **(execution or {})})
    return plan(lab.targets("a", kind=kind_of(way)), agents={AGENT: limits})


@proves(f"{RUN}.steps.max", f"{RUN}.steps.action=Refuse")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_run_ends_at_its_last_step(lab: Lab, way: Way) -> None:
    """The fourth of three steps is refused, at no cost, and another run is not affected."""
    lab.start(_limited(lab, way, steps={"max": 3, "action": "Refuse"}))
    answers, error = await until_refused(lambda: lab.caller(run="run-1").ask(way))
    assert (answers, error.status, error.code, error.kind) == (3, 403, "run_steps", "agentops_policy")
    assert error.headers["x-should-retry"] == "false"
    assert lab.provider.bill("a")["calls"] == 3
    await lab.caller(run="run-2").ask(way)


@proves(f"{RUN}.tokens.max", f"{RUN}.tokens.action=Refuse")
async def test_run_uses_no_more_tokens_than_it_may(lab: Lab) -> None:
    """It stops before the limit, and not long before it."""
    lab.start(_limited(lab, tokens={"max": 300, "action": "Refuse"}))
    answers, error = await until_refused(lambda: lab.caller(run="run-1").ask())
    bill = lab.provider.bill("a")
    used = bill["inputTokens"] + bill["outputTokens"]
    assert (error.status, error.code) == (403, "run_tokens")
    assert answers >= 3
    assert 150 <= used <= 300
    await lab.caller(run="run-2").ask()


@proves(f"{RUN}.microUSD.max", f"{RUN}.microUSD.action=Refuse")
async def test_run_costs_no_more_than_it_may(lab: Lab) -> None:
    """The provider's bill is below the limit."""
    lab.start(_limited(lab, microUSD={"max": 600, "action": "Refuse"}))
    answers, error = await until_refused(lambda: lab.caller(run="run-1").ask())
    assert (error.status, error.code) == (403, "run_cost")
    assert answers >= 3
    assert 300 <= lab.provider.bill("a")["microUsd"] <= 600


@proves(f"{RUN}.seconds.max", f"{RUN}.seconds.action=Refuse")
async def test_run_ends_when_its_time_is_over(lab: Lab) -> None:
    """Steps that come too late are refused, however few they are."""
    lab.start(_limited(lab, seconds={"max": 1, "action": "Refuse"}))

    async def step() -> Any:
        await asyncio.sleep(0.1)
        return await lab.caller(run="run-1").ask()

    answers, error = await until_refused(step, most=12)
    assert (error.status, error.code) == (403, "run_seconds")
    assert 1 <= answers <= 10
    await lab.caller(run="run-2").ask()


@proves(f"{RUN}.identicalCalls.max", f"{RUN}.identicalCalls.action=Refuse")
async def test_run_that_asks_the_same_again_and_again_is_stopped(lab: Lab) -> None:
    """The third identical call in a row is not made; calls that differ go on."""
    lab.start(_limited(lab, identicalCalls={"max": 3, "action": "Refuse"}))
    for number in range(6):
        await lab.caller(run="varied").ask(CHAT, f"question {number}")
    answers, error = await until_refused(lambda: lab.caller(run="stuck").ask(CHAT, "again"))
    assert (answers, error.status, error.code) == (2, 403, "run_loop")


@proves(f"{RUN}.noProgress.calls", f"{RUN}.noProgress.distinct", f"{RUN}.noProgress.action=Refuse")
async def test_run_that_goes_in_circles_is_stopped(lab: Lab) -> None:
    """Six calls of only two kinds make no progress; six kinds do."""
    lab.start(_limited(lab, noProgress={"calls": 6, "distinct": 2, "action": "Refuse"}))
    for number in range(8):
        await lab.caller(run="varied").ask(CHAT, f"question {number}")
    asked = iter(range(100))
    answers, error = await until_refused(lambda: lab.caller(run="circling").ask(CHAT, f"question {next(asked) % 2}"))
    assert (error.status, error.code) == (403, "run_no_progress")
    assert 4 <= answers <= 6


HOLDS = [
    pytest.param({"steps": {"max": 1, "action": "Hold"}}, id="steps", marks=proves(f"{RUN}.steps.action=Hold")),
    pytest.param({"tokens": {"max": ANSWER + 40, "action": "Hold"}}, id="tokens", marks=proves(f"{RUN}.tokens.action=Hold")),
    pytest.param({"microUSD": {"max": 250, "action": "Hold"}}, id="cost", marks=proves(f"{RUN}.microUSD.action=Hold")),
    pytest.param({"seconds": {"max": 1, "action": "Hold"}}, id="seconds", marks=proves(f"{RUN}.seconds.action=Hold")),
    pytest.param({"identicalCalls": {"max": 2, "action": "Hold"}}, id="loop", marks=proves(f"{RUN}.identicalCalls.action=Hold")),
    pytest.param(
        {"noProgress": {"calls": 3, "distinct": 1, "action": "Hold"}}, id="circle", marks=proves(f"{RUN}.noProgress.action=Hold")
    ),
]


@pytest.mark.parametrize("run", HOLDS)
async def test_run_at_its_limit_waits_for_a_person(lab: Lab, run: dict[str, Any]) -> None:
    """It is told when to ask again, stays held whatever it asks, and costs nothing meanwhile; other runs go on."""
    lab.start(_limited(lab, **run))

    async def step() -> Any:
        await asyncio.sleep(0.2 if "seconds" in run else 0)
        return await lab.caller(run="run-1").ask()

    _, error = await until_refused(step, most=8)
    assert (error.status, error.code, error.kind) == (409, "run_held", "agentops_policy")
    assert int(error.headers["retry-after"]) > 0
    cost = lab.provider.bill()
    assert (await refused(lab.caller(run="run-1").ask(CHAT, "something else"))).code == "run_held"
    assert lab.provider.bill() == cost
    await lab.caller(run="run-2").ask()


@proves("agents.*.execution.holdExpirySeconds")
async def test_run_that_nobody_decides_on_is_cancelled(lab: Lab) -> None:
    """A hold does not last for ever."""
    lab.start(_limited(lab, steps={"max": 1, "action": "Hold"}, execution={"holdExpirySeconds": 1}))
    await lab.caller(run="run-1").ask()
    for _ in range(100):
        error = await refused(lab.caller(run="run-1").ask())
        if error.code == "run_cancelled":
            return
        assert error.code == "run_held"
        await asyncio.sleep(0.1)
    raise AssertionError("the run is still held")
