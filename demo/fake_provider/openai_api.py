"""OpenAI's API: chat completions, and errors as all of its parts write them."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiohttp import web

from demo.fake_provider.api import Api
from demo.fake_provider.conversation import Conversation, from_openai
from demo.fake_provider.state import RefusedError
from demo.fake_provider.stream import Piece
from demo.fake_provider.turn import Turn

CREATED = 1767225600
FINISH_REASONS = {"stop": "stop", "length": "length", "tool": "tool_calls", "refusal": "content_filter"}


def refuse(refusal: RefusedError) -> web.Response:
    """An error in OpenAI's form."""
    error = {"message": refusal.message, "type": refusal.kind, "param": None, "code": refusal.kind}
    return web.json_response({"error": error}, status=refusal.status, headers=refusal.headers())


def identity(asked: Conversation) -> str:
    """What makes the id of an answer: equal questions get equal ones."""
    return hashlib.sha256(f"{asked.model}{asked.question}{sorted(asked.called)}".encode()).hexdigest()[:24]


def call_id(turn: Turn) -> str:
    """The number makes the id of each call in a conversation its own: callers match results to calls by it."""
    return f"call_{len(turn.asked.called)}_{turn.answer.tool}"


def _head(asked: Conversation, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{identity(asked)}", "object": kind, "created": CREATED, "model": asked.model}


def _usage(turn: Turn) -> dict[str, Any]:
    stated = turn.stated
    if stated is None:
        return {}
    completion = stated.output + stated.reasoning
    return {
        "usage": {
            "prompt_tokens": stated.prompt,
            "completion_tokens": completion,
            "total_tokens": stated.prompt + completion,
            "prompt_tokens_details": {"cached_tokens": stated.cached},
            "completion_tokens_details": {"reasoning_tokens": stated.reasoning},
        }
    }


def _tool_call(turn: Turn, arguments: str) -> dict[str, Any]:
    return {"id": call_id(turn), "type": "function", "function": {"name": turn.answer.tool, "arguments": arguments}}


def _probabilities(turn: Turn, pieces: Iterable[str], *, asked: bool) -> dict[str, Any] | None:
    """A probability for each piece of the answer."""
    if not asked:
        return None
    probability = math.log(turn.fault.confidence)
    return {
        "content": [{"token": piece, "logprob": probability, "bytes": None, "top_logprobs": []} for piece in pieces],
        "refusal": None,
    }


def _said(turn: Turn) -> str:
    """The field of a message that holds the text."""
    return "refusal" if turn.finish == "refusal" else "content"


def _completion(turn: Turn, body: Mapping[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    message[_said(turn)] = turn.answer.text or None
    if turn.answer.tool:
        message["tool_calls"] = [_tool_call(turn, turn.whole)]
    probabilities = _probabilities(turn, turn.pieces(), asked=bool(body.get("logprobs")))
    choice = {"index": 0, "message": message, "logprobs": probabilities, "finish_reason": FINISH_REASONS[turn.finish]}
    return {**_head(turn.asked, "chat.completion"), "choices": [choice], **_usage(turn)}


def _chunks(turn: Turn, body: Mapping[str, Any]) -> Iterator[Piece]:
    head, tool = _head(turn.asked, "chat.completion.chunk"), turn.answer.tool

    def chunk(delta: Mapping[str, Any], finish: str | None = None, text: str = "") -> Piece:
        probabilities = _probabilities(turn, [text], asked=bool(text and body.get("logprobs")))
        choices = [{"index": 0, "delta": delta, "logprobs": probabilities, "finish_reason": finish}]
        return Piece({**head, "choices": choices}, text=text)

    yield chunk({"role": "assistant", "content": None if tool else ""})
    if tool:
        yield chunk({"tool_calls": [{"index": 0, **_tool_call(turn, "")}]})
    for text in turn.pieces():
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": text}}]} if tool else {_said(turn): text}
        yield chunk(delta, text=text)
    yield chunk({}, FINISH_REASONS[turn.finish])
    if (body.get("stream_options") or {}).get("include_usage") and turn.stated:
        yield Piece({**head, "choices": [], **_usage(turn)})
    yield Piece("[DONE]")


CHAT = Api(needed="messages", read=from_openai, whole=_completion, events=_chunks)
