"""OpenAI's API: chat completions, embeddings, models."""

import base64
import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from demo.fake_provider.bill import PRICES
from demo.fake_provider.conversation import Conversation, count_tokens, from_openai
from demo.fake_provider.script import Answer
from demo.fake_provider.state import STATE, RefusedError, admit
from demo.fake_provider.stream import Piece, pieces_of, send

CREATED = 1767225600
DIMENSIONS = 64


def refuse(refusal: RefusedError) -> web.Response:
    """An error in OpenAI's form."""
    error = {"message": refusal.message, "type": refusal.kind, "param": None, "code": refusal.kind}
    return web.json_response({"error": error}, status=refusal.status, headers=refusal.headers())


async def complete(request: web.Request) -> web.StreamResponse:
    """`POST /v1/chat/completions`."""
    body, fault = await admit(request, "messages")
    asked, state = from_openai(body), request.app[STATE]
    answer = state.script.answer(asked)
    whole = answer.text or json.dumps(answer.arguments)
    if not body.get("stream"):
        state.bill.charge(asked.model, asked.tokens, count_tokens(whole))
        return web.json_response(_completion(asked, answer, whole))
    with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    sent: list[str] = []
    try:
        return await send(request, fault, _chunks(asked, answer, whole, with_usage=with_usage), sent)
    finally:
        state.bill.charge(asked.model, asked.tokens, count_tokens("".join(sent)))


def _identity(asked: Conversation, kind: str) -> dict[str, Any]:
    digest = hashlib.sha256(f"{asked.model}{asked.question}{sorted(asked.called)}".encode()).hexdigest()[:24]
    return {"id": f"chatcmpl-{digest}", "object": kind, "created": CREATED, "model": asked.model}


def _usage(asked: Conversation, whole: str) -> dict[str, Any]:
    output = count_tokens(whole)
    return {
        "prompt_tokens": asked.tokens,
        "completion_tokens": output,
        "total_tokens": asked.tokens + output,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _tool_call(asked: Conversation, answer: Answer, arguments: str) -> dict[str, Any]:
    # The number makes the id of each call in a conversation its own: callers match results to calls by it.
    return {
        "id": f"call_{len(asked.called)}_{answer.tool}",
        "type": "function",
        "function": {"name": answer.tool, "arguments": arguments},
    }


def _completion(asked: Conversation, answer: Answer, whole: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.tool:
        message["tool_calls"] = [_tool_call(asked, answer, whole)]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
    return {**_identity(asked, "chat.completion"), "choices": [choice], "usage": _usage(asked, whole)}


def _finish(answer: Answer) -> str:
    return "tool_calls" if answer.tool else "stop"


def _chunks(asked: Conversation, answer: Answer, whole: str, *, with_usage: bool) -> Iterator[Piece]:
    identity = _identity(asked, "chat.completion.chunk")

    def chunk(delta: Mapping[str, Any], finish: str | None = None, text: str = "") -> Piece:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        return Piece({**identity, "choices": choices}, text=text)

    yield chunk({"role": "assistant", "content": None if answer.tool else ""})
    if answer.tool:
        yield chunk({"tool_calls": [{"index": 0, **_tool_call(asked, answer, "")}]})
    for text in pieces_of(whole):
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": text}}]} if answer.tool else {"content": text}
        yield chunk(delta, text=text)
    yield chunk({}, _finish(answer))
    if with_usage:
        yield Piece({**identity, "choices": [], "usage": _usage(asked, whole)})
    yield Piece("[DONE]")


async def embed(request: web.Request) -> web.Response:
    """`POST /v1/embeddings`."""
    body, _ = await admit(request, "input")
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    tokens = sum(count_tokens(str(text)) for text in texts)
    request.app[STATE].bill.charge(body["model"], tokens, 0)
    packed = body.get("encoding_format") == "base64"
    vectors = [_vector(str(text), int(body.get("dimensions") or DIMENSIONS)) for text in texts]
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return web.json_response({"object": "list", "model": body["model"], "data": data, "usage": usage})


def _vector(text: str, size: int) -> list[float]:
    digest = hashlib.shake_256(text.encode()).digest(size)
    return [(byte - 127.5) / 127.5 for byte in digest]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


async def models(_: web.Request) -> web.Response:
    """`GET /v1/models`."""
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "fake"} for name in PRICES]
    return web.json_response({"object": "list", "data": data})
