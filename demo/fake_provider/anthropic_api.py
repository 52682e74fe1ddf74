"""Anthropic's API: messages."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from demo.fake_provider.api import Api
from demo.fake_provider.conversation import from_anthropic
from demo.fake_provider.state import BLOCKED, KINDS, RefusedError
from demo.fake_provider.stream import Piece
from demo.fake_provider.turn import Turn

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use", "refusal": "refusal"}


def refuse(refusal: RefusedError) -> web.Response:
    """An error in Anthropic's form, which has no kind of its own for blocked content."""
    kind = KINDS[400] if refusal.kind == BLOCKED else refusal.kind
    error = {"type": kind, "message": refusal.message}
    return web.json_response({"type": "error", "error": error}, status=refusal.status, headers=refusal.headers())


def _message(turn: Turn, _: Mapping[str, Any]) -> dict[str, Any]:
    return {**_head(turn), "content": [_block(turn)], **_end(turn), **_usage(turn)}


def _head(turn: Turn) -> dict[str, Any]:
    asked = turn.asked
    return {"id": f"msg_{asked.tokens}_{len(asked.called)}", "type": "message", "role": "assistant", "model": asked.model}


def _block(turn: Turn) -> dict[str, Any]:
    answer = turn.answer
    if answer.tool:
        name = f"toolu_{len(turn.asked.called)}_{answer.tool}"
        return {"type": "tool_use", "id": name, "name": answer.tool, "input": dict(answer.arguments)}
    return {"type": "text", "text": answer.text}


def _end(turn: Turn) -> dict[str, Any]:
    return {"stop_reason": STOP_REASONS[turn.finish], "stop_sequence": None}


def _usage(turn: Turn, *, started: bool = False) -> dict[str, Any]:
    """Usage, or nothing; when a message has only started, one token of output is stated, as the real one does."""
    stated = turn.stated
    if stated is None:
        return {}
    output = 1 if started else stated.output + stated.reasoning
    return {
        "usage": {
            "input_tokens": stated.input,
            "cache_read_input_tokens": stated.cached,
            "cache_creation_input_tokens": stated.written,
            "output_tokens": output,
        }
    }


def _events(turn: Turn, _: Mapping[str, Any]) -> Iterator[Piece]:
    def event(kind: str, text: str = "", **fields: Any) -> Piece:
        return Piece({"type": kind, **fields}, event=kind, text=text)

    tool = turn.answer.tool
    opening = {**_head(turn), "content": [], "stop_reason": None, "stop_sequence": None}
    yield event("message_start", message={**opening, **_usage(turn, started=True)})
    empty = {**_block(turn), "input" if tool else "text": {} if tool else ""}
    yield event("content_block_start", index=0, content_block=empty)
    for text in turn.pieces():
        delta = {"type": "input_json_delta", "partial_json": text} if tool else {"type": "text_delta", "text": text}
        yield event("content_block_delta", text, index=0, delta=delta)
    yield event("content_block_stop", index=0)
    yield event("message_delta", delta=_end(turn), **_usage(turn))
    yield event("message_stop")


MESSAGES = Api(needed="messages", read=from_anthropic, whole=_message, events=_events)
