"""What all APIs that generate text have in common: let in, answer, charge."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from demo.fake_provider.conversation import Conversation
from demo.fake_provider.state import STATE, admit
from demo.fake_provider.stream import EVENTS, Piece, Wire, send, send_whole
from demo.fake_provider.turn import Turn, turn


@dataclass(frozen=True)
class Api:
    """The form that one API gives to a turn."""

    needed: str
    """The field without which there is no question."""
    read: Callable[[Mapping[str, Any]], Conversation]
    whole: Callable[[Turn, Mapping[str, Any]], dict[str, Any]]
    """The answer at once, from the turn and the request."""
    events: Callable[[Turn, Mapping[str, Any]], Iterator[Piece]]
    """The answer as a stream."""
    wire: Wire = EVENTS


def handler_of(api: Api) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of one API."""

    async def handle(request: web.Request) -> web.StreamResponse:
        state, call = request.app[STATE], await admit(request, api.needed)
        asked = api.read(call.body)
        answered = turn(asked, state.script.answer(asked), call.fault)
        sent: list[str] = []
        try:
            if request.get("stream", call.body.get("stream")):
                return await send(request, call.fault, api.events(answered, call.body), sent, api.wire)
            return send_whole(call.fault, api.whole(answered, call.body), answered.whole, sent)
        finally:
            if sent:
                state.bill.charge(call.account, answered.usage("".join(sent)))
            else:
                state.bill.fail(call.account)

    return handle
