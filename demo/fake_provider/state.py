"""What the handlers share: script, faults, keys, bill, and the last requests."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from demo.fake_provider.bill import PRICES, Account, Bill
from demo.fake_provider.faults import Fault, Faults, before_answer
from demo.fake_provider.script import Script


@dataclass
class State:
    """Everything that this process plays, whatever the number of providers."""

    script: Script = field(default_factory=Script)
    faults: Faults = field(default_factory=Faults)
    bill: Bill = field(default_factory=Bill)
    keys: dict[str, set[str]] = field(default_factory=dict)
    """Keys that a provider takes; one that is not named takes all."""
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=50))


STATE = web.AppKey("state", State)


@dataclass(frozen=True)
class Call:
    """A request that was let in."""

    body: Mapping[str, Any]
    fault: Fault
    account: Account


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
BLOCKED = "content_filter"


async def admit(request: web.Request, needed: str) -> Call:
    """Reads a request and lets what its fault orders before the answer happen.

    Where a protocol has them elsewhere than OpenAI's, `provider`, `key` and `model` are written into the request before.

    Args:
        request: the request.
        needed: the field that must be a list that is not empty, or a text.

    Raises:
        RefusedError: no key or a wrong one, no JSON, a field missing, an unknown model, or a fault with a status.
    """
    state, provider = request.app[STATE], request.get("provider") or request.match_info.get("provider", "main")
    key = _key(request, state, provider)
    body = await _body(request)
    account = Account(provider, _model(request.get("model") or body.get("model")), key[-4:])
    headers = {name.lower(): value for name, value in request.headers.items() if value.removeprefix("Bearer ") != key}
    asked = {"path": request.path, "query": dict(request.query), "headers": headers, "body": body}
    state.requests.append({"provider": provider, **asked})
    fault = state.faults.take(provider, account.model)
    try:
        await before_answer(fault, request)
        _check(fault, body, needed)
    except (RefusedError, ConnectionResetError, asyncio.CancelledError):
        state.bill.fail(account)
        raise
    return Call({**body, "model": account.model}, fault, account)


def _key(request: web.Request, state: State, provider: str) -> str:
    headers = request.headers
    bearer = headers.get("Authorization", "").removeprefix("Bearer").strip()
    key = request.get("key") or bearer or headers.get("x-api-key", "") or headers.get("api-key", "")
    if not key:
        raise RefusedError(401, KINDS[401], "no API key in the request")
    if key not in state.keys.get(provider, {key}):
        raise RefusedError(401, KINDS[401], f"the API key is not one of {provider}")
    return key


def _check(fault: Fault, body: Mapping[str, Any], needed: str) -> None:
    if fault.refusal == "error":
        raise RefusedError(400, BLOCKED, "Output blocked by content filtering policy")
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


def _model(model: object) -> str:
    if not isinstance(model, str) or not model:
        raise RefusedError(400, KINDS[400], "model is missing")
    if model not in PRICES:
        raise RefusedError(404, KINDS[404], f"the model {model} does not exist")
    return model
