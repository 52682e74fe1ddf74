"""What the protocols share: an application for one host, and errors in the provider's words."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from demo.fake_provider.state import KINDS, STATE, RefusedError, State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refuse = Callable[[RefusedError], web.Response]


def host(
    name: str, state: State, refuse: Refuse, routes: Mapping[str, Handler], admit: Callable[[web.Request], Any]
) -> web.Application:
    """One provider.

    Args:
        name: its name in faults, keys and bill.
        state: what all providers share.
        refuse: writes an error.
        routes: path -> handler of a POST.
        admit: looks at a request before anything else does: writes `key`, `model` or `stream` into it, or refuses it.
    """

    @web.middleware
    async def own(request: web.Request, handler: Handler) -> web.StreamResponse:
        request["provider"] = name
        try:
            await admit(request)
            return await handler(request)
        except RefusedError as refusal:
            return refuse(refusal)
        except web.HTTPNotFound:
            return refuse(RefusedError(404, KINDS[404], "nothing is there"))

    app = web.Application(middlewares=[own], client_max_size=32 * 1024 * 1024)
    app[STATE] = state
    app.add_routes([web.post(path, handle) for path, handle in routes.items()])
    return app


def answer(error: Mapping[str, Any], refusal: RefusedError, **headers: str) -> web.Response:
    """An error with its status and headers."""
    return web.json_response(error, status=refusal.status, headers={**refusal.headers(), **headers})


def bearer(request: web.Request) -> str:
    """The token of the header Authorization."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise RefusedError(401, "authentication_error", "no bearer token in the request")
    return token
