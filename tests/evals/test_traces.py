"""Recorded traces as target."""

import json
from dataclasses import replace
from typing import Any

import pytest

from agentops_evals.main import evaluate
from agentops_evals.results import NotRunnableError
from agentops_evals.target_traces import answers
from agentops_operator.policies.evaluation.contract import RunMessage
from tests.evals.stubs import Scene, config

TRACES = {
    "target": {"traces": {"lookbackMinutes": 60}},
    "evaluators": [{"name": "polite", "type": "Contains", "value": "please"}],
}


def said(*texts: str) -> str:
    """Output messages as instrumentations write them."""
    return json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": text} for text in texts]}])


def span(
    span_id: str, parent: str = "", operation: str = "", output: Any = None, trace: str = "t1", ms: int = 100
) -> dict[str, Any]:
    """One span."""
    attributes = [("gen_ai.operation.name", operation), ("gen_ai.output.messages", output)]
    return {
        "traceId": trace,
        "spanId": span_id,
        "parentSpanId": parent,
        "startTimeUnixNano": "1000000000",
        "endTimeUnixNano": str(1000000000 + ms * 1_000_000),
        "attributes": [
            {"key": key, "value": value if isinstance(value, dict) else {"stringValue": value}}
            for key, value in attributes
            if value
        ],
    }


def line(*spans: dict[str, Any]) -> dict[str, Any]:
    """One stored batch."""
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}]}


def read(*lines: dict[str, Any]) -> dict[str, Any]:
    """Answers of these batches."""
    return answers("\n".join(map(json.dumps, lines)))


async def run(scene: Scene, **fields: Any) -> RunMessage:
    """Runs once over what the relay holds."""
    return await evaluate(config(**{**TRACES, **fields}), scene.message, scene.places)


def test_outermost_answer_of_each_trace_is_taken() -> None:
    """A request's agent span stands for it; the model and tool calls below it do not, wherever their batches came."""
    found = read(
        line(span("model", "agent", "chat", said("draft")), span("tool", "agent", "execute_tool", said("rows"))),
        line(span("agent", "http", "invoke_agent", said("final")), span("http")),
        line(span("alone", "unknown", "chat", said("other"), trace="t2")),
    )
    assert {name: answer.text for name, answer in found.items()} == {"t1-agent": "final", "t2-alone": "other"}


def test_structured_and_written_messages_read_the_same() -> None:
    """Instrumentations differ; so does what normalising made of them."""
    part = {
        "kvlistValue": {
            "values": [{"key": "type", "value": {"stringValue": "text"}}, {"key": "content", "value": {"stringValue": "hi"}}]
        }
    }
    parts = {"key": "parts", "value": {"arrayValue": {"values": [part]}}}
    structured = {"arrayValue": {"values": [{"kvlistValue": {"values": [parts]}}]}}
    (one,), (two,) = (read(line(span("a", "", "chat", output))).values() for output in (structured, said("hi")))
    assert one.text == two.text == "hi"


def test_tool_calls_are_no_text_but_are_scanned() -> None:
    """A key that leaks into a tool's arguments has left the agent all the same."""
    output = json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "ok"}, {"type": "tool_call", "arguments": "sk-1"}]}]
    )
    (answer,) = read(line(span("a", "", "chat", output))).values()
    assert answer.text == "ok"
    assert "sk-1" in answer.whole


def test_spans_that_are_their_own_parents_end() -> None:
    """Parents come from outside, so a loop of them is possible."""
    assert read(line(span("a", "b", ""), span("b", "a", ""), span("c", "a", "chat", said("x")))).keys() == {"t1-c"}


@pytest.mark.parametrize("text", ["{", '{"resourceSpans": [{"scopeSpans": [{"spans": [{}]}]}]}', "[]", '{"resourceSpans": 1}'])
def test_garbage_is_not_runnable(text: str) -> None:
    """The relay's text is not trusted to be what it should be."""
    with pytest.raises(NotRunnableError):
        answers(text)


async def test_traces_are_judged_and_events_point_at_their_spans(scene: Scene) -> None:
    """The relay is asked for this Agent with the reader's token; each event stands under the span that it judges."""
    scene.relay.lines = [line(span("a", "", "chat", said("yes please"))), line(span("b", "", "chat", said("no"), trace="t2"))]
    told = await run(scene, gate={"minPassPercent": 50, "minCases": 2})
    assert (told.verdict, told.passed, told.failed) == ("Pass", 1, 1)
    assert {name: scene.relay.query[name] for name in ("namespace", "agent")} == {"namespace": "shop", "agent": "billing"}
    assert scene.relay.tokens == ["Bearer reader-token", "Bearer agent-token"]
    assert {(record["traceId"], record["spanId"]) for record in scene.relay.records} == {("t1", "a"), ("t2", "b")}


async def test_no_traces_is_no_pass(scene: Scene) -> None:
    """An agent that nobody used was not evaluated."""
    told = await run(scene)
    assert (told.verdict, told.reason) == ("Inconclusive", "no answer was recorded in the last 60 minutes")


async def test_traces_without_content_are_no_pass(scene: Scene) -> None:
    """Where content is not captured only time can be judged."""
    scene.relay.lines = [line(span("a", "", "chat"))]
    assert (await run(scene)).verdict == "Inconclusive"
    assert (await run(scene, evaluators=[{"name": "quick", "type": "MaxLatency", "value": "100"}])).verdict == "Pass"


async def test_relay_that_refuses_is_told(scene: Scene) -> None:
    """A refused token is a fault of the installation, not a verdict on the agent."""
    scene.relay.status = 403
    told = await run(scene)
    assert (told.verdict, told.reason) == ("Inconclusive", "the relay answered HTTP 403 when asked for traces")


async def test_relay_that_is_away_is_told(scene: Scene) -> None:
    """The reason names the relay, and not a file or a token."""
    told = await evaluate(config(**TRACES), scene.message, replace(scene.places, api_port=1))
    assert (told.verdict, told.reason) == ("Inconclusive", "the relay could not be reached (ClientConnectorError)")
