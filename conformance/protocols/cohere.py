"""Cohere's chat, version 2."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from conformance.protocols.played import answer, bearer, host
from demo.fake_provider.api import Api, handler_of
from demo.fake_provider.conversation import Conversation, from_openai
from demo.fake_provider.openai_api import call_id, identity
from demo.fake_provider.state import RefusedError, State
from demo.fake_provider.stream import Piece
from demo.fake_provider.turn import Turn

FINISH = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool": "TOOL_CALL", "refusal": "COMPLETE"}


def application(name: str, state: State) -> web.Application:
    """The API."""
    return host(name, state, _refuse, {"/v2/chat": handler_of(CHAT)}, _admit)


async def _admit(request: web.Request) -> None:
    request["key"] = bearer(request)


def _refuse(refusal: RefusedError) -> web.Response:
    return answer({"id": "0", "message": refusal.message}, refusal)


def _read(body: Mapping[str, Any]) -> Conversation:
    """Messages and tools have OpenAI's form."""
    return from_openai(body)


def _call(turn: Turn, arguments: str) -> dict[str, Any]:
    return {"id": call_id(turn), "type": "function", "function": {"name": turn.answer.tool, "arguments": arguments}}


def _whole(turn: Turn, _: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = (
        {"tool_calls": [_call(turn, turn.whole)]} if turn.answer.tool else {"content": [{"type": "text", "text": turn.whole}]}
    )
    return {
        "id": identity(turn.asked),
        "message": {"role": "assistant", **said},
        "finish_reason": FINISH[turn.finish],
        **_usage(turn),
    }


def _events(turn: Turn, _: Mapping[str, Any]) -> Iterator[Piece]:
    def event(kind: str, text: str = "", **fields: Any) -> Piece:
        return Piece({"type": kind, **fields}, event=kind, text=text)

    yield event("message-start", id=identity(turn.asked), delta={"message": {"role": "assistant"}})
    yield from (_calling if turn.answer.tool else _saying)(turn, event)
    yield event("message-end", delta={"finish_reason": FINISH[turn.finish], **_usage(turn)})


def _calling(turn: Turn, event: Any) -> Iterator[Piece]:
    yield event("tool-call-start", index=0, delta={"message": {"tool_calls": _call(turn, "")}})
    for text in turn.pieces():
        yield event("tool-call-delta", text, index=0, delta={"message": {"tool_calls": {"function": {"arguments": text}}}})
    yield event("tool-call-end", index=0)


def _saying(turn: Turn, event: Any) -> Iterator[Piece]:
    yield event("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}})
    for text in turn.pieces():
        yield event("content-delta", text, index=0, delta={"message": {"content": {"text": text}}})
    yield event("content-end", index=0)


def _usage(turn: Turn) -> dict[str, Any]:
    """Cached input is counted within the tokens."""
    stated = turn.stated
    if stated is None:
        return {}
    tokens = {"input_tokens": stated.prompt, "output_tokens": stated.output + stated.reasoning}
    return {"usage": {"billed_units": tokens, "tokens": tokens, "cached_tokens": stated.cached}}


CHAT = Api(needed="messages", read=_read, whole=_whole, events=_events)
