"""What the handlers share: script, faults, bill, and the last requests."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from demo.fake_provider.bill import PRICES, Bill
from demo.fake_provider.faults import Fault, Faults, before_answer
from demo.fake_provider.script import Script


@dataclass
class State:
    """One provider."""

    script: Script = field(default_factory=Script)
    faults: Faults = field(default_factory=Faults)
    bill: Bill = field(default_factory=Bill)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=50))


STATE = web.AppKey("state", State)


@dataclass
class RefusedError(Exception):
    """An error that the API answers in its own words."""

    status: int
    kind: str
    message: str
    retry_after: str = ""

    def headers(self) -> dict[str, str]:
        """Headers beside the error."""
        return {"Retry-After": self.retry_after} if self.retry_after else {}


KINDS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


async def admit(request: web.Request, needed: str) -> tuple[dict[str, Any], Fault]:
    """Reads a request and lets its fault happen.

    Args:
        request: the request.
        needed: the field that must be a list that is not empty, or a text.

    Raises:
        RefusedError: no key, no JSON, a field missing, an unknown model, or a fault with a status.
    """
    state = request.app[STATE]
    if not (request.headers.get("Authorization", "").removeprefix("Bearer").strip() or request.headers.get("x-api-key")):
        raise RefusedError(401, KINDS[401], "no API key in the request")
    body = await _body(request)
    model = _model(body)
    state.requests.append({"path": request.path, "body": body})
    fault = state.faults.take(model)
    try:
        await before_answer(fault, request)
        _check(fault, body, needed)
    except (RefusedError, ConnectionResetError):
        state.bill.fail(model)
        raise
    return body, fault


def _check(fault: Fault, body: Mapping[str, Any], needed: str) -> None:
    if fault.status:
        kind = KINDS.get(fault.status, "api_error")
        raise RefusedError(fault.status, kind, "this error was ordered", fault.retry_after)
    if not body.get(needed):
        raise RefusedError(400, KINDS[400], f"{needed} is missing")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise RefusedError(400, KINDS[400], "the body is not JSON") from error
    if not isinstance(body, dict):
        raise RefusedError(400, KINDS[400], "the body is no object")
    return body


def _model(body: Mapping[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise RefusedError(400, KINDS[400], "model is missing")
    if model not in PRICES:
        raise RefusedError(404, KINDS[404], f"the model {model} does not exist")
    return model
