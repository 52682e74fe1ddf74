"""Azure OpenAI: deployments in the path, the API's version in the query, and a key or a token of Microsoft's directory."""

from aiohttp import web

from conformance.protocols.played import Handler, answer, bearer, host
from demo.fake_provider import embeddings_api, openai_api
from demo.fake_provider.api import handler_of
from demo.fake_provider.openai_api import CHAT
from demo.fake_provider.responses_api import RESPONSES
from demo.fake_provider.state import BLOCKED, RefusedError, State

TENANT, CLIENT, CLIENT_SECRET = "shop-tenant", "shop-client", "shop-client-secret"
SCOPE = "https://cognitiveservices.azure.com/.default"
TOKEN = "token-of-the-directory"


def application(name: str, state: State) -> web.Application:
    """The resource `shop`."""
    deployments = "/openai/deployments/{deployment}"
    routes: dict[str, Handler] = {
        f"{deployments}/chat/completions": handler_of(CHAT),
        f"{deployments}/embeddings": embeddings_api.embed,
        "/openai/v1/responses": handler_of(RESPONSES),
    }
    return host(name, state, _refuse, routes, _admit)


async def _admit(request: web.Request) -> None:
    if not request.query.get("api-version"):
        raise RefusedError(404, "404", "Resource not found")
    request["key"] = request.headers.get("api-key", "") or _known(bearer(request))
    request["model"] = request.match_info.get("deployment", "")


def _known(token: str) -> str:
    if token != TOKEN:
        raise RefusedError(401, "401", "the token is not of this directory")
    return token


def _refuse(refusal: RefusedError) -> web.Response:
    if refusal.kind != BLOCKED:
        return openai_api.refuse(refusal)
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True, "severity": "high"}}}
    error = {"message": refusal.message, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
    return answer({"error": {**error, "innererror": inner}}, refusal)


async def _token(request: web.Request) -> web.Response:
    asked = await request.post()
    wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": CLIENT_SECRET, "scope": SCOPE}
    if request.match_info["tenant"] != TENANT or any(asked.get(name) != value for name, value in wanted.items()):
        return web.json_response({"error": "invalid_client", "error_description": "no such application"}, status=401)
    return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})


def directory() -> web.Application:
    """Microsoft's directory, which gives tokens to applications."""
    app = web.Application()
    app.add_routes([web.post("/{tenant}/oauth2/v2.0/token", _token)])
    return app
