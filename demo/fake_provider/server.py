"""The provider's web application."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from demo.fake_provider import anthropic_api, control, openai_api
from demo.fake_provider.state import STATE, RefusedError, State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(state: State | None = None) -> web.Application:
    """A new provider with an empty bill."""
    app = web.Application(middlewares=[_refusals], client_max_size=32 * 1024 * 1024)
    app[STATE] = state or State()
    app.add_routes(
        [
            web.post("/v1/chat/completions", openai_api.complete),
            web.post("/v1/embeddings", openai_api.embed),
            web.get("/v1/models", openai_api.models),
            web.post("/v1/messages", anthropic_api.message),
            web.get("/healthz", _healthy),
            *control.routes(),
        ]
    )
    return app


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as refusal:
        refuse = anthropic_api.refuse if request.path == "/v1/messages" else openai_api.refuse
        return refuse(refusal)


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok")
