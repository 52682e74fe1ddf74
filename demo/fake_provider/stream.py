"""Answers on the wire, whole or as server-sent events, with what may go wrong in them."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from demo.fake_provider.faults import Fault, cut

GARBAGE = {"json": b'{"choices": oh no', "type": b"<html>502 Bad Gateway</html>", "events": b"\xff\x00: [\r\r\n\n: {"}


@dataclass(frozen=True)
class Piece:
    """One event; `text` is what a provider counts as output."""

    data: Any
    event: str = ""
    text: str = ""


def send_whole(fault: Fault, body: dict[str, Any], whole: str, sent: list[str]) -> web.Response:
    """Answers at once. `sent` collects what is charged: of garbage, nothing."""
    if not fault.garbage:
        sent.append(whole)
        return web.json_response(body)
    kind = "text/html" if fault.garbage == "type" else "application/json"
    return web.Response(body=_garbage(fault, json.dumps(body).encode()), content_type=kind)


@dataclass(frozen=True)
class Wire:
    """How pieces are written."""

    content_type: str
    encode: Callable[[Piece], bytes]


async def send(request: web.Request, fault: Fault, pieces: Iterator[Piece], sent: list[str], wire: Wire) -> web.StreamResponse:
    """Sends the events; `sent` collects what went out, so that a cut answer can be charged."""
    kind = "text/html" if fault.garbage == "type" else wire.content_type
    response = web.StreamResponse(headers={"Content-Type": kind, "Cache-Control": "no-cache"})
    await response.prepare(request)
    await asyncio.sleep(fault.first_token)
    for number, piece in enumerate(pieces):
        if number >= fault.cut_after and fault.garbage:
            await response.write(b"data: " + _garbage(fault, _data(piece)) + b"\n\n")
            break
        if fault.cut_after and number >= fault.cut_after:
            if fault.cut == "end":
                break
            if fault.cut == "stall":
                await asyncio.Event().wait()
            cut(request, fault.cut)
        await response.write(wire.encode(piece))
        sent.append(piece.text)
        await asyncio.sleep(fault.pause)
    await response.write_eof()
    return response


def _garbage(fault: Fault, good: bytes) -> bytes:
    return GARBAGE.get(fault.garbage) or good[: len(good) // 2]


def _data(piece: Piece) -> bytes:
    return piece.data.encode() if isinstance(piece.data, str) else json.dumps(piece.data).encode()


def _encode(piece: Piece) -> bytes:
    name = f"event: {piece.event}\n".encode() if piece.event else b""
    return name + b"data: " + _data(piece) + b"\n\n"


EVENTS = Wire("text/event-stream", _encode)
"""Server-sent events."""
