"""An outage of one provider stops nobody."""

import asyncio
from typing import Any

import pytest

from conformance.caller import CHAT, CHAT_STREAM, MESSAGES_STREAM, RESPONSES_STREAM, WAYS, Way, kind_of, refused
from conformance.lab import Lab
from conformance.plans import on_error, plan, route
from conformance.processes import free_port
from conformance.proves import proves

FAULTS = [
    pytest.param({"status": 500}, id="500", marks=proves("routes.*.onError.serverError=Next")),
    pytest.param({"status": 503}, id="503", marks=proves("routes.*.onError.serverError=Next")),
    pytest.param({"status": 429}, id="429", marks=proves("routes.*.onError.rateLimited=Next")),
    pytest.param(
        {"status": 429, "retry_after": "30"}, id="429 with Retry-After", marks=proves("routes.*.onError.rateLimited=Next")
    ),
    pytest.param({"silent": True}, id="time-out", marks=proves("routes.*.onError.timeout=Next", "targets.*.timeoutMilliseconds")),
    pytest.param({"reset": True}, id="reset", marks=proves("routes.*.onError.connection=Next")),
    pytest.param({"status": 401}, id="401", marks=proves("routes.*.onError.unauthorized=Next")),
    pytest.param({"garbage": "json"}, id="no JSON", marks=proves("routes.*.onError.invalidResponse=Next")),
    pytest.param({"garbage": "truncated"}, id="half of the JSON", marks=proves("routes.*.onError.invalidResponse=Next")),
    pytest.param({"garbage": "type"}, id="HTML", marks=proves("routes.*.onError.invalidResponse=Next")),
    pytest.param({"garbage": "events"}, id="noise", marks=proves("routes.*.onError.invalidResponse=Next")),
]


def _hurried(lab: Lab, way: Way = CHAT, *, hurry: bool = True) -> dict[str, Any]:
    """A and B; A has little time, if its silence is the fault: on a busy machine every fault would be a time-out."""
    little = {"timeoutMilliseconds": 400} if hurry else {}
    return lab.targets("a", kind=kind_of(way), **little) | lab.targets("b", kind=kind_of(way))


@proves("routes.*.targets[].target", "routes.*.routing=Priority")
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("fault", FAULTS)
async def test_next_provider_answers_when_one_fails(lab: Lab, fault: dict[str, Any], way: Way) -> None:
    """A fails in one way, B answers, and the caller sees nothing of it."""
    lab.start(plan(_hurried(lab, way, hurry="silent" in fault)))
    lab.provider.fault(provider="a", times=0, **fault)
    said = await lab.caller().ask(way)
    assert said.text.startswith("You said: Where")
    assert (lab.provider.bill("a")["calls"], lab.provider.bill("b")["calls"]) == (0, 1)
    assert lab.provider.bill("a")["failed"] >= 1


@proves("targets.*.timeoutMilliseconds", "routes.*.onError.timeout=Next")
@pytest.mark.parametrize("way", [CHAT_STREAM, RESPONSES_STREAM, MESSAGES_STREAM], ids=str)
async def test_next_provider_answers_when_the_first_token_is_slow(lab: Lab, way: Way) -> None:
    """Headers in time and no token are no answer."""
    lab.start(plan(_hurried(lab, way)))
    lab.provider.fault(provider="a", times=0, first_token=8.0)
    said = await lab.caller().ask(way)
    assert said.text.startswith("You said: Where")
    assert lab.provider.bill("b")["calls"] == 1


@proves("targets.*.endpoint", "routes.*.onError.connection=Next")
async def test_next_provider_answers_when_nobody_listens(lab: Lab) -> None:
    """A connection that is refused is no answer."""
    dead = lab.target("a", endpoint=f"http://127.0.0.1:{free_port()}")
    lab.start(plan({"a": dead, **lab.targets("b")}))
    await lab.caller().ask()
    assert lab.provider.bill("b")["calls"] == 1


CLASSES = [
    ("rateLimited", {"status": 429}),
    ("serverError", {"status": 500}),
    ("timeout", {"silent": True}),
    ("connection", {"reset": True}),
    ("unauthorized", {"status": 401}),
    ("invalidResponse", {"garbage": "json"}),
]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [pytest.param(*case, id=case[0], marks=proves(f"routes.*.onError.{case[0]}=Fail")) for case in CLASSES],
)
async def test_failure_is_answered_where_the_policy_says_so(lab: Lab, kind: str, fault: dict[str, Any]) -> None:
    """`Fail` asks nobody else, and the caller gets a typed error of a provider."""
    failing = route("a", "b", onError=on_error(**{kind: "Fail"}))
    lab.start(plan(_hurried(lab, hurry="silent" in fault), routes={"chat": failing}))
    lab.provider.fault(provider="a", times=0, **fault)
    error = await refused(lab.caller().ask())
    assert (error.kind, error.status >= 400) == ("provider_error", True)
    assert (lab.provider.bill("a")["failed"], lab.provider.bill("b")["calls"]) == (1, 0)


@proves("routes.*.retries")
@pytest.mark.parametrize(
    ("kind", "fault"),
    [pytest.param(*case, id=case[0], marks=proves(f"routes.*.onError.{case[0]}=Retry")) for case in CLASSES],
)
async def test_same_provider_is_asked_again_before_the_next(lab: Lab, kind: str, fault: dict[str, Any]) -> None:
    """Two retries are three calls to A, then one to B."""
    patient = route("a", "b", retries=2, onError=on_error(**{kind: "Retry"}))
    lab.start(plan(_hurried(lab, hurry="silent" in fault), routes={"chat": patient}))
    lab.provider.fault(provider="a", times=0, **fault)
    await lab.caller().ask()
    assert (lab.provider.bill("a")["failed"], lab.provider.bill("b")["calls"]) == (3, 1)


@proves("failover/client-errors")
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_error_of_the_request_reaches_no_second_provider(lab: Lab, status: int, way: Way) -> None:
    """What one provider says about the request is the answer."""
    lab.start(plan(lab.targets("a", "b", kind=kind_of(way))))
    lab.provider.fault(provider="a", times=0, status=status)
    error = await refused(lab.caller().ask(way))
    assert (error.status, error.kind) == (status, "provider_error")
    assert (lab.provider.bill("a")["failed"], lab.provider.bill("b")["calls"]) == (1, 0)


@proves("failover/client-errors")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_blocked_content_reaches_no_second_provider(lab: Lab, way: Way) -> None:
    """A second provider would be a way around the first one's safety."""
    lab.start(plan(lab.targets("a", "b", kind=kind_of(way))))
    lab.provider.fault(provider="a", times=0, refusal="error")
    error = await refused(lab.caller().ask(way))
    assert error.status == 400
    assert lab.provider.bill("b")["calls"] == 0


@proves("failover/client-errors")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_refusal_of_the_model_is_the_answer(lab: Lab, way: Way) -> None:
    """A model that will not answer has answered."""
    lab.start(plan(lab.targets("a", "b", kind=kind_of(way))))
    lab.provider.fault(provider="a", times=0, refusal="answer")
    said = await lab.caller().ask(way)
    assert said.text == "I cannot help with that."
    assert lab.provider.bill("b")["calls"] == 0


@proves("routes.*.cooldownSeconds", "routes.*.failuresToCooldown")
async def test_provider_rests_after_failures_and_returns(lab: Lab) -> None:
    """After two failures A is left alone; when it has rested and is well, it answers again."""
    # Two calls must end before A has rested.
    resting = route("a", "b", cooldownSeconds=4, failuresToCooldown=2)
    lab.start(plan(lab.targets("a", "b"), routes={"chat": resting}))
    lab.provider.fault(provider="a", times=2, status=500)
    caller = lab.caller()
    for _ in range(4):
        await caller.ask()
    assert (lab.provider.bill("a")["failed"], lab.provider.bill("a")["calls"], lab.provider.bill("b")["calls"]) == (2, 0, 4)
    for _ in range(100):
        await caller.ask(CHAT)
        if lab.provider.bill("a")["calls"]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("A was never asked again")
