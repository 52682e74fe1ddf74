"""What tests say to the providers: faults, answers, keys, the bill, and what was asked."""

import json
import re
from typing import Any

from aiohttp import web

from demo.fake_provider.faults import parse
from demo.fake_provider.script import Line
from demo.fake_provider.state import STATE


def routes() -> list[web.RouteDef]:
    """All routes of this file."""
    return [
        web.post("/control/faults", _add_fault),
        web.delete("/control/faults", _clear_faults),
        web.put("/control/answers", _set_answers),
        web.put("/control/keys", _set_keys),
        web.get("/control/requests", _requests),
        web.delete("/control/requests", _forget_requests),
        web.get("/bill", _bill),
        web.delete("/bill", _clear_bill),
    ]


async def _json(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise web.HTTPBadRequest(text="the body is not JSON") from error


async def _add_fault(request: web.Request) -> web.Response:
    body = await _json(request)
    try:
        request.app[STATE].faults.add(parse(body))
    except (ValueError, AttributeError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    return web.Response(status=204)


async def _clear_faults(request: web.Request) -> web.Response:
    request.app[STATE].faults.clear(request.query.get("provider", ""))
    return web.Response(status=204)


async def _set_answers(request: web.Request) -> web.Response:
    """Takes `[{"match": "<regex>", "answer": "<text>"}]`; the first line that matches a question counts."""
    try:
        lines = [Line(re.compile(entry["match"]), entry["answer"]) for entry in await _json(request)]
    except (re.error, KeyError, TypeError) as error:
        raise web.HTTPBadRequest(text=f"not a script: {error!r}") from error
    request.app[STATE].script.lines = lines
    return web.Response(status=204)


async def _set_keys(request: web.Request) -> web.Response:
    """Takes `{"<provider>": ["<key>"]}`: the keys that each provider takes; one that is not named takes all."""
    try:
        request.app[STATE].keys = {provider: set(keys) for provider, keys in (await _json(request)).items()}
    except (AttributeError, TypeError) as error:
        raise web.HTTPBadRequest(text=f"not keys by provider: {error!r}") from error
    return web.Response(status=204)


async def _requests(request: web.Request) -> web.Response:
    return web.json_response(list(request.app[STATE].requests))


async def _forget_requests(request: web.Request) -> web.Response:
    request.app[STATE].requests.clear()
    return web.Response(status=204)


async def _bill(request: web.Request) -> web.Response:
    return web.json_response(request.app[STATE].bill.as_json())


async def _clear_bill(request: web.Request) -> web.Response:
    request.app[STATE].bill.clear()
    return web.Response(status=204)
