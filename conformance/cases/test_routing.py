"""Which provider is asked first."""

import asyncio
import json
from typing import Any

import pytest

from conformance.caller import CHAT, CHAT_STREAM, RESPONSES, Way, tool_of
from conformance.lab import Lab
from conformance.plans import AGENT, CHEAP, MATE, agent, plan, route
from conformance.proves import proves


@proves("routes.*.routing=Weighted", "routes.*.targets[].weight")
async def test_weights_split_the_calls(lab: Lab) -> None:
    """Of 400 calls at 3 to 1 A gets 300, give or take five standard deviations."""
    lab.start(plan(lab.targets("a", "b"), routes={"chat": route("a", "b", weights=(3, 1))}))
    caller = lab.caller()
    for _ in range(20):
        await asyncio.gather(*(caller.ask() for _ in range(20)))
    assert 257 <= lab.provider.bill("a")["calls"] <= 343
    assert lab.provider.bill()["calls"] == 400


@proves("routes.*.routing=Weighted")
async def test_other_provider_answers_when_the_one_chosen_by_weight_fails(lab: Lab) -> None:
    """The split says who is asked first, and not that nobody else is."""
    lab.start(plan(lab.targets("a", "b"), routes={"chat": route("a", "b", weights=(1, 1))}))
    lab.provider.fault(provider="a", times=0, status=500)
    for _ in range(12):
        await lab.caller().ask()
    assert lab.provider.bill("b")["calls"] == 12


@proves("routes.*.routing=Latency")
async def test_fastest_provider_is_asked_first(lab: Lab) -> None:
    """The slow one, though first in the list, gets few of the calls."""
    lab.start(plan(lab.targets("a", "b"), routes={"chat": route("a", "b", routing="Latency")}))
    lab.provider.fault(provider="a", times=0, latency=1.0)  # more than a busy machine takes by itself
    for _ in range(30):
        await lab.caller().ask()
    assert lab.provider.bill("b")["calls"] >= 22


def _cost_first(lab: Lab, **escalation: Any) -> dict[str, Any]:
    first = lab.targets("a", model=CHEAP) | lab.targets("b")
    return plan(first, routes={"chat": route("a", "b", routing="CostFirst", escalation=escalation)})


@proves("routes.*.routing=CostFirst")
@pytest.mark.parametrize(
    ("answer", "stronger"),
    [("The parcel is on its way.", 0), ("I do not know.", 1)],
    ids=["good enough", "not good enough"],
)
@pytest.mark.parametrize(
    "escalation",
    [
        pytest.param(
            {"on": ["JudgeRule"], "judge": ["(?i)do not know"]},
            marks=proves("routes.*.escalation.on[]=JudgeRule", "routes.*.escalation.judge[]"),
        )
    ],
    ids=["judge"],
)
async def test_stronger_model_is_asked_when_the_judge_says_so(
    lab: Lab, escalation: dict[str, Any], answer: str, stronger: int
) -> None:
    """The cheap model answers unless its answer matches the rule."""
    lab.start(_cost_first(lab, **escalation))
    lab.provider.answers(("order", answer))
    await lab.caller().ask()
    assert (lab.provider.bill("a")["calls"], lab.provider.bill("b")["calls"]) == (1, stronger)


@proves("routes.*.routing=CostFirst", "routes.*.escalation.on[]=SchemaInvalid")
@pytest.mark.parametrize(("answer", "stronger"), [('{"city": "Berlin"}', 0), ("Berlin, I think", 1)], ids=["valid", "invalid"])
async def test_stronger_model_is_asked_when_the_answer_breaks_its_schema(lab: Lab, answer: str, stronger: int) -> None:
    """The request asks for JSON by a schema; prose is not good enough."""
    lab.start(_cost_first(lab, on=["SchemaInvalid"]))
    lab.provider.answers(("order", answer))
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": schema}}
    await lab.caller().ask(CHAT, response_format=wanted)
    assert (lab.provider.bill("a")["calls"], lab.provider.bill("b")["calls"]) == (1, stronger)


@proves("routes.*.routing=CostFirst", "routes.*.escalation.on[]=ToolError")
@pytest.mark.parametrize(
    ("result", "asked"), [("shipped", "a"), (json.dumps({"error": "no such order"}), "b")], ids=["result", "error"]
)
async def test_stronger_model_is_asked_after_a_tool_that_failed(lab: Lab, result: str, asked: str) -> None:
    """The newest result of a tool reports an error: the cheap model had its turn."""
    lab.start(_cost_first(lab, on=["ToolError"]))
    call = {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Where is my order?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": result},
    ]
    await lab.caller().ask(CHAT, messages=messages, tools=[tool_of(CHAT)])
    assert lab.provider.bill(asked)["calls"] == 1


@proves("routes.*.routing=CostFirst", "routes.*.escalation.on[]=LowConfidence", "routes.*.escalation.minConfidencePercent")
@pytest.mark.parametrize(("confidence", "stronger"), [(0.99, 0), (0.3, 1)], ids=["sure", "unsure"])
@pytest.mark.parametrize("way", [CHAT, CHAT_STREAM], ids=str)
async def test_stronger_model_is_asked_when_the_cheap_one_is_unsure(lab: Lab, way: Way, confidence: float, stronger: int) -> None:
    """The mean probability of the answer's tokens is below the threshold, whole or streamed."""
    lab.start(_cost_first(lab, on=["LowConfidence"], minConfidencePercent=70))
    lab.provider.fault(provider="a", times=0, confidence=confidence)
    await lab.caller().ask(way)
    assert (lab.provider.bill("a")["calls"], lab.provider.bill("b")["calls"]) == (1, stronger)


@proves("routes.*.cache.ttlSeconds")
@pytest.mark.parametrize("way", [CHAT, RESPONSES], ids=str)
async def test_equal_call_is_answered_from_the_cache_until_it_is_old(lab: Lab, way: Way) -> None:
    """The same agent asks the same again: no provider is asked, until the answer's time is over. Others never get it."""
    cached = route("a", cache={"ttlSeconds": 2})
    lab.start(plan(lab.targets("a"), routes={"chat": cached}, agents={AGENT: agent(), MATE: agent()}))
    first, second = await lab.caller().ask(way), await lab.caller().ask(way)
    assert (first.text, first.headers["x-agentops-cache"]) == (second.text, "miss")
    assert second.headers["x-agentops-cache"] == "hit"
    assert lab.provider.bill("a")["calls"] == 1
    mate = await lab.caller(MATE).ask(way)
    assert mate.headers["x-agentops-cache"] == "miss"
    other = await lab.caller().ask(way, "Something else?")
    assert other.text != first.text
    for _ in range(100):
        if (await lab.caller().ask(way)).headers["x-agentops-cache"] == "miss":
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the answer never grew old")


@pytest.mark.parametrize(
    ("compression", "shorter"),
    [
        pytest.param("Whitespace", True, marks=proves("routes.*.compression=Whitespace")),
        pytest.param("Off", False, marks=proves("routes.*.compression=Off")),
    ],
)
async def test_blanks_are_folded_only_where_the_policy_says_so(lab: Lab, compression: str, *, shorter: bool) -> None:
    """What reaches the provider is shorter, word for word the same, and its code is untouched."""
    lab.start(plan(lab.targets("a"), routes={"chat": route("a", compression=compression)}))
    question = "Where    is\n\n\n\nmy     order?\n```\nif  x:\n    return  1\n```"
    await lab.caller().ask(CHAT, question)
    sent = lab.provider.requests("a")[0]["body"]["messages"][0]["content"]
    assert (len(sent) < len(question)) is shorter
    assert sent.split() == question.split()
    assert "```\nif  x:\n    return  1\n```" in sent
