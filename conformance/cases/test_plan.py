"""The plan changes while calls are made."""

import asyncio
import hashlib
import json
from typing import Any

import pytest

from conformance.caller import CHAT, CHAT_STREAM, MESSAGES, refused, until_refused
from conformance.lab import Lab
from conformance.plans import AGENT, MATE, Plan, agent, budget, plan
from conformance.processes import until
from conformance.proves import proves


def _digest(content: Plan) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


@proves("plan/read-back", "digest", "version")
async def test_digest_of_the_plan_in_force_can_be_read_back(lab: Lab) -> None:
    """Of the first plan, and of each that replaces it, on every replica."""
    first, second = plan(lab.targets("a")), plan(lab.targets("b"))
    lab.start({**first, "digest": _digest(first)}, replicas=2)
    assert [replica.in_force() for replica in lab.replicas] == [(_digest(first), "")] * 2
    lab.reload({**second, "digest": _digest(second)})
    assert [replica.in_force() for replica in lab.replicas] == [(_digest(second), "")] * 2


@proves("plan/reload", "budgets.*.limit")
async def test_changed_limit_is_in_force_within_seconds_on_every_replica(lab: Lab) -> None:
    """A raised limit lets calls pass again, counting what was used before."""

    def of(limit: int) -> Plan:
        return plan(lab.targets("a"), budgets={"b1": budget(limit)}, agents={AGENT: agent(budgets=["b1"])})

    lab.start(of(2), replicas=2)
    assert (await until_refused(lambda: lab.caller().ask()))[0] == 2
    lab.reload(of(5))
    answers, _ = await until_refused(lambda: lab.caller(replica=1).ask())
    assert answers == 3


@proves("plan/reload")
async def test_no_request_fails_while_plans_change(lab: Lab) -> None:
    """Six plans in a row under steady load, streams included; calls that began under one plan end under it."""
    lab.start(plan(lab.targets("a")))
    lab.provider.fault(provider="a", times=0, pause=0.002)
    done = asyncio.Event()
    answered = 0

    async def load(number: int) -> None:
        nonlocal answered
        way = (CHAT, CHAT_STREAM)[number % 2]
        while not done.is_set():
            said = await lab.caller().ask(way)
            assert said.text.startswith("You said")
            answered += 1

    loads = [asyncio.create_task(load(number)) for number in range(6)]
    for number in range(6):
        await asyncio.to_thread(lab.reload, plan(lab.targets("ab"[number % 2]), agents={AGENT: agent(team=f"t{number}")}))
        await asyncio.sleep(0.1)
    done.set()
    await asyncio.gather(*loads)
    assert answered > 20
    assert lab.provider.bill("b")["calls"] > 0


BROKEN = [
    pytest.param("{", "", id="no JSON"),
    pytest.param({"version": 2}, "version", id="another version", marks=proves("version")),
    pytest.param({"unheardOf": {}}, "unheardOf", id="unknown field"),
    pytest.param({"digest": "sha256:00"}, "digest", id="another digest", marks=proves("digest")),
    pytest.param({"routes": {"chat": {"routing": "Random"}}}, "routing", id="unknown word"),
    pytest.param({"agents": {"nobody": {}}}, "agents", id="no name of an agent"),
]


@proves("plan/last-good")
@pytest.mark.parametrize(("change", "named"), BROKEN)
async def test_broken_plan_is_reported_and_the_last_good_one_stays(lab: Lab, change: Any, named: str) -> None:
    """The error names the field; limits stay in force; a good plan ends the error."""
    limited = plan(lab.targets("a"), budgets={"b1": budget(2)}, agents={AGENT: agent(budgets=["b1"])})
    running = lab.start(limited)
    before = running.in_force()[0]
    reported = lab.write_broken(change if isinstance(change, str) else json.dumps({**limited, **change}))
    assert named in reported[0]
    assert running.in_force()[0] == before
    assert (await until_refused(lambda: lab.caller().ask()))[0] == 2
    lab.reload(plan(lab.targets("a")))
    until(lambda: running.in_force()[1] == "", "the error stays", 5)
    await lab.caller().ask()


@proves("plan/last-good")
async def test_agents_that_leave_the_plan_are_refused_and_others_go_on(lab: Lab) -> None:
    """Removing an agent is a change like any other."""
    lab.start(plan(lab.targets("a"), agents={AGENT: agent(), MATE: agent()}))
    await lab.caller(MATE).ask()
    lab.reload(plan(lab.targets("a")))
    assert (await refused(lab.caller(MATE).ask())).code == "agent_unknown"
    await lab.caller().ask()


@proves("process/drain")
async def test_open_calls_are_finished_and_new_ones_sent_elsewhere(lab: Lab) -> None:
    """SIGTERM: not ready at once, calls in flight end well, then the process ends."""
    running = lab.start(plan(lab.targets("a") | lab.targets("b", kind="anthropic")))
    lab.provider.fault(provider="a", times=0, pause=0.1, first_token=0.5, latency=0.5)
    open_calls = [asyncio.create_task(lab.caller().ask(way)) for way in (CHAT, CHAT_STREAM, MESSAGES)]
    await asyncio.to_thread(until, lambda: len(lab.provider.requests()) == len(open_calls), "a call is not under way")
    running.terminate()
    await asyncio.to_thread(until, lambda: not running.ready(), "it still asks for calls", 5)
    for said in await asyncio.gather(*open_calls):
        assert said.text.startswith("You said")
    await asyncio.to_thread(running.wait)
