"""The web application: several providers, each under its own prefix."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from demo.fake_provider import anthropic_api, control, embeddings_api, openai_api
from demo.fake_provider.anthropic_api import MESSAGES
from demo.fake_provider.api import handler_of
from demo.fake_provider.openai_api import CHAT
from demo.fake_provider.responses_api import RESPONSES
from demo.fake_provider.state import STATE, RefusedError, State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HANDLERS: dict[str, Handler] = {
    "/v1/chat/completions": handler_of(CHAT),
    "/v1/responses": handler_of(RESPONSES),
    "/v1/messages": handler_of(MESSAGES),
    "/v1/embeddings": embeddings_api.embed,
}


def application(state: State | None = None) -> web.Application:
    """New providers with an empty bill: `/v1/...` is the provider `main`, `/<name>/v1/...` any other."""
    app = web.Application(middlewares=[_refusals], client_max_size=32 * 1024 * 1024)
    app[STATE] = state or State()
    for prefix in ("", "/{provider}"):
        app.add_routes([web.post(prefix + path, handle) for path, handle in HANDLERS.items()])
        app.router.add_get(f"{prefix}/v1/models", embeddings_api.models)
    app.add_routes([web.get("/healthz", _healthy), *control.routes()])
    return app


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as refusal:
        refuse = anthropic_api.refuse if request.path.endswith("/v1/messages") else openai_api.refuse
        return refuse(refusal)


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok")
