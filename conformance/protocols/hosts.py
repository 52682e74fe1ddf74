"""Which provider is played at which address: those of the providers themselves, and accounts called `shop` where each has one."""

from aiohttp import web

from conformance.protocols import azure, bedrock, cohere, compatible, gemini, vertex
from conformance.protocols.played import Handler, bearer, host
from conformance.protocols.vertex import Accounts
from demo.fake_provider import anthropic_api, openai_api
from demo.fake_provider.server import HANDLERS
from demo.fake_provider.state import STATE, State

PLAYED = {
    "openai": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "azure": "shop.openai.azure.com",
    "bedrock": f"bedrock-runtime.{bedrock.REGION}.amazonaws.com",
    "vertex": f"{vertex.REGION}-aiplatform.googleapis.com",
    "gemini": "generativelanguage.googleapis.com",
    "databricks": "shop.cloud.databricks.com",
    "snowflake": "shop.snowflakecomputing.com",
    "mistral": "api.mistral.ai",
    "cohere": "api.cohere.ai",
    "groq": "api.groq.com",
    "openrouter": "openrouter.ai",
    "xai": "api.x.ai",
}
TOKENS = ("oauth2.googleapis.com", "login.microsoftonline.com")
HOSTS = (*PLAYED.values(), *TOKENS)
OWN = {"azure": azure, "bedrock": bedrock, "vertex": vertex, "gemini": gemini, "cohere": cohere}


def application(state: State, accounts: Accounts) -> web.Application:
    """All of them, told apart by the host that is asked for."""
    app = web.Application()
    app[STATE] = state
    for name, address in PLAYED.items():
        app.add_domain(address, _provider(name, state))
    app.add_domain(TOKENS[0], accounts.application())
    app.add_domain(TOKENS[1], azure.directory())
    return app


def _provider(name: str, state: State) -> web.Application:
    if name in OWN:
        made: web.Application = OWN[name].application(name, state)  # type: ignore[attr-defined]
        return made
    if name in compatible.PREFIXES:
        return compatible.application(name, state)
    return _first(name, state)


def _first(name: str, state: State) -> web.Application:
    """OpenAI and Anthropic at their own addresses; what else they do is asked at addresses of ours."""
    routes: dict[str, Handler] = {
        path: handle for path, handle in HANDLERS.items() if (path == "/v1/messages") == (name == "anthropic")
    }
    return host(name, state, anthropic_api.refuse if name == "anthropic" else openai_api.refuse, routes, _KEYS[name])


async def _openai(request: web.Request) -> None:
    request["key"] = bearer(request)


async def _anthropic(request: web.Request) -> None:
    request["key"] = request.headers.get("x-api-key", "")


_KEYS = {"openai": _openai, "anthropic": _anthropic}
