"""Faults on demand: the next requests are slow, refused, broken off, or answered wrongly."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Never

from aiohttp import web


@dataclass
class Fault:
    """What happens to the next requests. All fields are optional; their sum happens."""

    times: int = 1
    """Requests that meet it; 0 means all until faults are cleared."""
    provider: str = ""
    """Only requests to this provider."""
    model: str = ""
    """Only requests for this model."""
    latency: float = 0.0
    """Seconds before anything is answered."""
    silent: bool = False
    """Nothing is ever answered."""
    status: int = 0
    """Error status instead of an answer."""
    retry_after: str = ""
    """Value of the header Retry-After beside the status."""
    reset: bool = False
    """The connection is reset instead of an answer."""
    refusal: str = ""
    """The model will not answer: `error` is a status 400 that says so, `answer` an answer that ends with it."""
    first_token: float = 0.0
    """Streams: seconds between the headers and the first token."""
    pause: float = 0.0
    """Streams: seconds between tokens."""
    piece: int = 0
    """Streams: characters of a token; 0 means words."""
    cut_after: int = 0
    """Streams: pieces after which it is cut, or after which garbage begins."""
    cut: str = "reset"
    """How: `reset` of the connection, `close` before the body is complete, `end` as if it were complete, `stall` for ever."""
    usage_factor: float = 1.0
    """The usage stated is the true one times this."""
    no_usage: bool = False
    """No usage is stated."""
    cached: float = 0.0
    """Part of the input, 0 to 1, that came from the provider's cache."""
    written: float = 0.0
    """Part of the input, 0 to 1, that was put into the provider's cache."""
    reasoning: int = 0
    """Tokens that the model thought with before it answered."""
    confidence: float = 1.0
    """Probability of each token, stated where log probabilities are asked for (chat completions)."""
    garbage: str = ""
    """What comes instead of an answer: `json` (none), `truncated` (half of it), `type` (a page of HTML), `events` (noise)."""
    length: int = 0
    """The answer is repeated up to this number of characters."""


CHOICES = {
    "refusal": {"", "error", "answer"},
    "cut": {"reset", "close", "end", "stall"},
    "garbage": {"", "json", "truncated", "type", "events"},
}


def parse(body: Mapping[str, Any]) -> Fault:
    """Reads a fault; raises ValueError for an unknown field, a value of the wrong type or an unknown choice."""
    known = {entry.name: type(entry.default) for entry in fields(Fault)}
    for name, value in body.items():
        wanted = known.get(name)
        if wanted is None:
            raise ValueError(f"unknown field {name}; known are {', '.join(known)}")
        if not isinstance(value, (int, float) if wanted is float else wanted):
            raise ValueError(f"{name} must be of type {wanted.__name__}")
        if value not in CHOICES.get(name, {value}):
            raise ValueError(f"{name} must be one of {', '.join(sorted(CHOICES[name]))}")
    return Fault(**body)


class Faults:
    """Faults that wait for their requests, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Lets a fault wait."""
        self._waiting.append(fault)

    def clear(self, provider: str = "") -> None:
        """From now on all is well, or all at one provider."""
        self._waiting = [fault for fault in self._waiting if provider and fault.provider != provider]

    def take(self, provider: str, model: str) -> Fault:
        """The fault that this request meets."""
        for fault in self._waiting:
            if fault.model in ("", model) and fault.provider in ("", provider):
                if fault.times == 1:
                    self._waiting.remove(fault)
                fault.times = max(fault.times - 1, 0)
                return fault
        return Fault()


async def before_answer(fault: Fault, request: web.Request) -> None:
    """What happens before the answer: waiting, for ever or not, or a reset; those two end the request."""
    await asyncio.sleep(fault.latency)
    if fault.silent:
        await asyncio.Event().wait()
    if fault.reset:
        cut(request, "reset")


def cut(request: web.Request, how: str) -> Never:
    """Ends the connection with no orderly end of the answer: `reset`, or `close` without one.

    Raises:
        ConnectionResetError: always; it ends the request without another word.
    """
    if request.transport is not None:
        if how == "reset":
            connection = request.transport.get_extra_info("socket")
            # Without lingering for 0 seconds the kernel says goodbye, and a cut stream looks closed in good order.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        else:
            request.transport.close()
    raise ConnectionResetError
