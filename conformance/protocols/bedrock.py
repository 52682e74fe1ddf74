"""Bedrock's Converse: requests signed with an access key, streams in Amazon's event frames."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from conformance.protocols.aws import frame, signed_by
from conformance.protocols.played import answer, host
from demo.fake_provider.api import Api, handler_of
from demo.fake_provider.conversation import Conversation, Tool, count_tokens
from demo.fake_provider.state import KINDS, RefusedError, State
from demo.fake_provider.stream import Piece, Wire
from demo.fake_provider.turn import Turn

REGION = "eu-central-1"
STOP = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use", "refusal": "guardrail_intervened"}
EXCEPTIONS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
}


def application(name: str, state: State) -> web.Application:
    """The runtime of one region."""
    handle = handler_of(CONVERSE)
    return host(name, state, _refuse, {"/model/{model}/converse": handle, "/model/{model}/converse-stream": handle}, _admit)


async def _admit(request: web.Request) -> None:
    request["key"] = signed_by(request, await request.read(), REGION, "bedrock")
    request["model"] = request.match_info.get("model", "")
    request["stream"] = request.path.endswith("/converse-stream")


def _refuse(refusal: RefusedError) -> web.Response:
    """Amazon says 403 where a signature is wrong."""
    if refusal.kind == KINDS[401]:
        refusal.status = 403
    return answer(
        {"message": refusal.message}, refusal, **{"x-amzn-ErrorType": EXCEPTIONS.get(refusal.status, "InternalServerException")}
    )


def _read(body: Mapping[str, Any]) -> Conversation:
    messages = body["messages"]
    asked = max((at for at, entry in enumerate(messages) if entry["role"] == "user" and _texts(entry["content"])), default=-1)
    later = [block for entry in messages[asked + 1 :] for block in entry["content"]]
    results = ["\n".join(_texts(block["toolResult"]["content"])) for block in later if "toolResult" in block]
    offered = [tool["toolSpec"] for tool in (body.get("toolConfig") or {}).get("tools") or [] if "toolSpec" in tool]
    sent = json.dumps([body.get("system"), *messages, *offered], separators=(",", ":"), ensure_ascii=False)
    return Conversation(
        model=body["model"],
        question="\n".join(_texts(messages[asked]["content"])) if asked >= 0 else "",
        tools=tuple(Tool(tool["name"], tool["inputSchema"]["json"]) for tool in offered),
        called=frozenset(block["toolUse"]["name"] for block in later if "toolUse" in block),
        last_result=results[-1] if results else "",
        tokens=count_tokens(sent),
        max_tokens=(body.get("inferenceConfig") or {}).get("maxTokens") or 0,
    )


def _texts(content: list[Mapping[str, Any]]) -> list[str]:
    return [block["text"] for block in content if "text" in block]


def _use(turn: Turn) -> dict[str, Any]:
    return {"toolUseId": f"tooluse_{len(turn.asked.called)}", "name": turn.answer.tool}


def _whole(turn: Turn, _: Mapping[str, Any]) -> dict[str, Any]:
    block = {"toolUse": {**_use(turn), "input": dict(turn.answer.arguments)}} if turn.answer.tool else {"text": turn.answer.text}
    message = {"role": "assistant", "content": [block]}
    return {"output": {"message": message}, "stopReason": STOP[turn.finish], **_usage(turn), "metrics": {"latencyMs": 1}}


def _events(turn: Turn, _: Mapping[str, Any]) -> Iterator[Piece]:
    place = {"contentBlockIndex": 0}
    yield Piece({"role": "assistant"}, event="messageStart")
    if turn.answer.tool:
        yield Piece({**place, "start": {"toolUse": _use(turn)}}, event="contentBlockStart")
    for text in turn.pieces():
        delta = {"toolUse": {"input": text}} if turn.answer.tool else {"text": text}
        yield Piece({**place, "delta": delta}, event="contentBlockDelta", text=text)
    yield Piece(place, event="contentBlockStop")
    yield Piece({"stopReason": STOP[turn.finish]}, event="messageStop")
    yield Piece({**_usage(turn), "metrics": {"latencyMs": 1}}, event="metadata")


def _usage(turn: Turn) -> dict[str, Any]:
    """The input leaves out what came from the cache and what went into it."""
    stated = turn.stated
    if stated is None:
        return {}
    output = stated.output + stated.reasoning
    cache = {"cacheReadInputTokens": stated.cached, "cacheWriteInputTokens": stated.written}
    return {"usage": {"inputTokens": stated.input, "outputTokens": output, "totalTokens": stated.prompt + output, **cache}}


def _frame(piece: Piece) -> bytes:
    headers = {":event-type": piece.event, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(piece.data).encode())


CONVERSE = Api("messages", _read, _whole, _events, Wire("application/vnd.amazon.eventstream", _frame))
