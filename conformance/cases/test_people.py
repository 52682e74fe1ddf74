"""What people see of runs, and decide about them."""

from datetime import datetime
from typing import Any

import openai
import pytest

from conformance.caller import CHAT, CHAT_STREAM, MESSAGES, MESSAGES_STREAM, RESPONSES, WAYS, Way, kind_of, refused
from conformance.lab import Lab
from conformance.plans import AGENT, MATE, agent, plan, route
from conformance.proves import proves

ONE_STEP = {"run": {"steps": {"max": 1, "action": "Hold"}}, "holdExpirySeconds": 3600}
ONE_OF_EACH = [CHAT, RESPONSES, MESSAGES, CHAT_STREAM, MESSAGES_STREAM]


def _held_at_one(lab: Lab, way: Way = CHAT, **execution: Any) -> dict[str, Any]:
    """Runs of one step; provider b is where a person answers."""
    agents = {name: agent(execution={**ONE_STEP, **execution}) for name in (AGENT, MATE)}
    routes = {"chat": route("a"), "desk": route("b")}
    return plan(lab.targets("a", "b", kind=kind_of(way)), routes=routes, agents=agents)


@proves("people/held-answer")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_sdk_raises_what_a_held_run_waits_for(lab: Lab, way: Way) -> None:
    """Status, code, retry-after, and in the body run, reason, limit, used, since, until when, and how to decide."""
    lab.start(_held_at_one(lab, way))
    await lab.caller(run="run-1").ask(way)
    error = await refused(lab.caller(run="run-1").ask(way, "go on"))
    assert (error.status, error.code, error.kind) == (409, "run_held", "agentops_policy")
    assert int(error.headers["retry-after"]) > 0
    told = {name: error.hold[name] for name in ("run", "number", "reason", "limit", "used")}
    assert told == {"run": "run-1", "number": 1, "reason": "MaxSteps", "limit": 1, "used": 1}
    since, expires = (datetime.fromisoformat(error.hold[name]) for name in ("since", "expires"))
    assert (expires - since).total_seconds() == 3600
    assert "agentops run resume" in error.hold["decide"]


@proves("people/held-answer")
async def test_sdk_that_repeats_by_itself_does_not_repeat_a_held_call(lab: Lab) -> None:
    """With the repetitions that it has by default it raises after one question: a person does not decide within seconds."""
    running = lab.start(_held_at_one(lab))
    await lab.caller(run="run-1").ask()
    client = lab.caller(run="run-1").openai().with_options(max_retries=2)
    with pytest.raises(openai.ConflictError):
        await client.chat.completions.create(model="chat", messages=[{"role": "user", "content": "go on"}])
    [line] = [
        line for line in running.metrics().splitlines() if line.startswith("agentops_gateway_denied_total") and "run_held" in line
    ]
    assert line.endswith(" 1")


@proves("people/decisions")
async def test_run_goes_on_after_a_person_resumed_it_with_more(lab: Lab) -> None:
    """As many steps as were granted, whichever replica decides, and a repeated decision grants nothing twice."""
    lab.start(_held_at_one(lab), replicas=2)
    first, second = lab.replicas
    await lab.caller(run="run-1").ask()
    await refused(lab.caller(run="run-1").ask())
    assert [(hold["agent"], hold["run"], hold["state"]) for hold in second.holds()] == [(AGENT, "run-1", "Held")]
    resume = {"id": "d-1", "agent": AGENT, "run": "run-1", "hold": 1, "verb": "Resume", "more": {"steps": 2}, "by": "ana"}
    for replica in (second, first):
        decided = replica.decide(**resume)
        assert (decided["state"], decided["granted"]["steps"], decided["decision"]["by"]) == ("Running", 2, "ana")
    assert first.holds() == []
    for replica in (0, 1):
        await lab.caller(run="run-1", replica=replica).ask()
    assert (await refused(lab.caller(run="run-1").ask())).hold["limit"] == 3


@proves("people/decisions")
async def test_cancelled_run_makes_no_call_any_more(lab: Lab) -> None:
    """And says that it was cancelled; another agent's run of that id goes on."""
    running = lab.start(_held_at_one(lab))
    await lab.caller(run="run-1").ask()
    running.decide(id="d-1", agent=AGENT, run="run-1", verb="Cancel", by="ana")
    error = await refused(lab.caller(run="run-1").ask())
    assert (error.status, error.code, error.headers["x-should-retry"]) == (403, "run_cancelled", "false")
    await lab.caller(MATE, run="run-1").ask()


@proves("agents.*.execution.takeOverRoute")
@pytest.mark.parametrize("way", ONE_OF_EACH, ids=str)
async def test_person_answers_in_the_agents_place_until_the_run_is_given_back(lab: Lab, way: Way) -> None:
    """The SDK gets the person's answer, the run is charged for it, and after Resume the model answers again."""
    running = lab.start(_held_at_one(lab, way, takeOverRoute="desk"))
    await lab.caller(run="run-1").ask(way)
    assert (await refused(lab.caller(run="run-1").ask(way))).code == "run_held"
    running.decide(id="d-1", agent=AGENT, run="run-1", hold=1, verb="TakeOver", by="ana")
    for number in range(2):
        said = await lab.caller(run="run-1").ask(way, f"question {number}")
        assert said.text
        assert said.headers["x-agentops-target"] == "b"
    [run] = running.usage(AGENT)["runs"]
    assert (run["state"], run["steps"]["used"]) == ("TakenOver", 3)
    assert run["microUSD"]["used"] == lab.provider.bill()["microUsd"]
    running.decide(id="d-2", agent=AGENT, run="run-1", verb="Resume", more={"steps": 5}, by="ana")
    assert (await lab.caller(run="run-1").ask(way, "and now?")).headers["x-agentops-target"] == "a"
    assert [lab.provider.bill(name)["calls"] for name in ("a", "b")] == [2, 2]


@proves("agents.*.execution.takeOverRoute")
async def test_without_a_persons_endpoint_a_run_that_was_taken_over_is_refused(lab: Lab) -> None:
    """And costs nothing while the person has it."""
    running = lab.start(_held_at_one(lab))
    await lab.caller(run="run-1").ask()
    running.decide(id="d-1", agent=AGENT, run="run-1", verb="TakeOver", by="ana")
    cost = lab.provider.bill()
    error = await refused(lab.caller(run="run-1").ask())
    assert (error.status, error.code) == (403, "run_taken_over")
    assert lab.provider.bill() == cost
