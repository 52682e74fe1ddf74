"""Anthropic's API: messages."""

import json
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from demo.fake_provider.conversation import Conversation, count_tokens, from_anthropic
from demo.fake_provider.script import Answer
from demo.fake_provider.state import STATE, RefusedError, admit
from demo.fake_provider.stream import Piece, pieces_of, send


def refuse(refusal: RefusedError) -> web.Response:
    """An error in Anthropic's form."""
    error = {"type": refusal.kind, "message": refusal.message}
    return web.json_response({"type": "error", "error": error}, status=refusal.status, headers=refusal.headers())


async def message(request: web.Request) -> web.StreamResponse:
    """`POST /v1/messages`."""
    body, fault = await admit(request, "messages")
    asked, state = from_anthropic(body), request.app[STATE]
    answer = state.script.answer(asked)
    whole = answer.text or json.dumps(answer.arguments)
    if not body.get("stream"):
        state.bill.charge(asked.model, asked.tokens, count_tokens(whole))
        return web.json_response({**_head(asked), "content": [_block(asked, answer)], **_end(asked, answer, whole)})
    sent: list[str] = []
    try:
        return await send(request, fault, _events(asked, answer, whole), sent)
    finally:
        state.bill.charge(asked.model, asked.tokens, count_tokens("".join(sent)))


def _head(asked: Conversation) -> dict[str, Any]:
    return {"id": f"msg_{asked.tokens}_{len(asked.called)}", "type": "message", "role": "assistant", "model": asked.model}


def _block(asked: Conversation, answer: Answer) -> dict[str, Any]:
    if answer.tool:
        name = f"toolu_{len(asked.called)}_{answer.tool}"
        return {"type": "tool_use", "id": name, "name": answer.tool, "input": dict(answer.arguments)}
    return {"type": "text", "text": answer.text}


def _end(asked: Conversation, answer: Answer, whole: str) -> dict[str, Any]:
    usage = {"input_tokens": asked.tokens, "output_tokens": count_tokens(whole)}
    return {"stop_reason": "tool_use" if answer.tool else "end_turn", "stop_sequence": None, "usage": usage}


def _events(asked: Conversation, answer: Answer, whole: str) -> Iterator[Piece]:
    def event(kind: str, text: str = "", **fields: Any) -> Piece:
        return Piece({"type": kind, **fields}, event=kind, text=text)

    opening = {**_head(asked), "content": [], "stop_reason": None, "stop_sequence": None}
    usage = {"input_tokens": asked.tokens, "output_tokens": 1}
    yield event("message_start", message={**opening, "usage": usage})
    empty = {**_block(asked, answer), "input" if answer.tool else "text": {} if answer.tool else ""}
    yield event("content_block_start", index=0, content_block=empty)
    for text in pieces_of(whole):
        delta = {"type": "input_json_delta", "partial_json": text} if answer.tool else {"type": "text_delta", "text": text}
        yield event("content_block_delta", text, index=0, delta=delta)
    yield event("content_block_stop", index=0)
    end = _end(asked, answer, whole)
    yield event("message_delta", delta={key: end[key] for key in ("stop_reason", "stop_sequence")}, usage=end["usage"])
    yield event("message_stop")
