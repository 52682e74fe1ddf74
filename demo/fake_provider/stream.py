"""Server-sent events, with what may go wrong in them."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from demo.fake_provider.faults import Fault, reset


@dataclass(frozen=True)
class Piece:
    """One event; `text` is what a provider counts as output."""

    data: Any
    event: str = ""
    text: str = ""


def pieces_of(text: str) -> Iterator[str]:
    """A text in pieces of about a word, which joined give the text."""
    yield from re.findall(r"\s*\S+|\s+", text)


async def send(request: web.Request, fault: Fault, pieces: Iterator[Piece], sent: list[str]) -> web.StreamResponse:
    """Sends the events; `sent` collects what went out, so that a cut answer can be charged."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    await asyncio.sleep(fault.first_token)
    for number, piece in enumerate(pieces):
        if fault.cut_after and number >= fault.cut_after:
            reset(request)
        await response.write(_encode(piece))
        sent.append(piece.text)
    await response.write_eof()
    return response


def _encode(piece: Piece) -> bytes:
    data = piece.data if isinstance(piece.data, str) else json.dumps(piece.data)
    name = f"event: {piece.event}\n" if piece.event else ""
    return f"{name}data: {data}\n\n".encode()
