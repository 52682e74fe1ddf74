"""Faults on demand: the next requests are slow, refused, or broken off."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from aiohttp import web


@dataclass
class Fault:
    """What happens to the next requests. All fields are optional; their sum happens."""

    times: int = 1
    """Requests that meet it; 0 means all until faults are cleared."""
    model: str = ""
    """Only requests for this model."""
    latency: float = 0.0
    """Seconds before anything is answered."""
    status: int = 0
    """Error status instead of an answer."""
    retry_after: str = ""
    """Value of the header Retry-After beside the status."""
    reset: bool = False
    """The connection is reset instead of an answer."""
    first_token: float = 0.0
    """Streams: seconds between the headers and the first token."""
    cut_after: int = 0
    """Streams: pieces after which the connection is reset."""


NONE = Fault(times=0)


def parse(body: Mapping[str, Any]) -> Fault:
    """Reads a fault; raises ValueError for an unknown field or a value of the wrong type."""
    known = {entry.name: type(entry.default) for entry in fields(Fault)}
    for name, value in body.items():
        wanted = known.get(name)
        if wanted is None:
            raise ValueError(f"unknown field {name}; known are {', '.join(known)}")
        if not isinstance(value, (int, float) if wanted is float else wanted):
            raise ValueError(f"{name} must be of type {wanted.__name__}")
    return Fault(**body)


class Faults:
    """Faults that wait for their requests, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Lets a fault wait."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """From now on all is well."""
        self._waiting.clear()

    def take(self, model: str) -> Fault:
        """The fault that this request meets."""
        for fault in self._waiting:
            if fault.model in ("", model):
                if fault.times == 1:
                    self._waiting.remove(fault)
                fault.times = max(fault.times - 1, 0)
                return fault
        return NONE


async def before_answer(fault: Fault, request: web.Request) -> None:
    """What happens before the answer: waiting, or a reset, which ends the request."""
    await asyncio.sleep(fault.latency)
    if fault.reset:
        reset(request)


def reset(request: web.Request) -> None:
    """Resets the connection, so that the caller sees no orderly end.

    Raises:
        ConnectionResetError: always; it ends the request without another word.
    """
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        # Without lingering for 0 seconds the kernel says goodbye, and a cut stream looks complete.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    raise ConnectionResetError
