"""Providers that speak OpenAI's chat completions, each with its own path, strictness, usage and errors."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from conformance.protocols.played import Handler, answer, bearer, host
from demo.fake_provider import embeddings_api, openai_api
from demo.fake_provider.api import Api, handler_of
from demo.fake_provider.openai_api import CHAT
from demo.fake_provider.state import RefusedError, State
from demo.fake_provider.stream import Piece
from demo.fake_provider.turn import Turn

PREFIXES = {
    "mistral": "/v1",
    "groq": "/openai/v1",
    "openrouter": "/api/v1",
    "xai": "/v1",
    "databricks": "/serving-endpoints",
    "snowflake": "/api/v2/cortex/v1",
}
STRICT = {"max_completion_tokens", "stream_options", "logit_bias", "user"}
"""Fields of OpenAI that Mistral refuses: it forbids whatever it does not know."""


def application(name: str, state: State) -> web.Application:
    """One of them."""
    chat = handler_of(VARIANTS.get(name, CHAT))
    routes: dict[str, Handler] = {
        f"{PREFIXES[name]}/chat/completions": chat,
        f"{PREFIXES[name]}/embeddings": embeddings_api.embed,
    }
    return host(name, state, ERRORS.get(name, openai_api.refuse), routes, _strict if name == "mistral" else _keyed)


async def _keyed(request: web.Request) -> None:
    request["key"] = bearer(request)


async def _strict(request: web.Request) -> None:
    await _keyed(request)
    unknown = sorted(STRICT & set(await request.json()))
    if unknown:
        raise RefusedError(422, "invalid_request_error", f"Extra inputs are not permitted: {', '.join(unknown)}")


def _mistral_error(refusal: RefusedError) -> web.Response:
    return answer({"object": "error", "message": refusal.message, "type": refusal.kind, "param": None, "code": "1000"}, refusal)


def _databricks_error(refusal: RefusedError) -> web.Response:
    codes = {429: "REQUEST_LIMIT_EXCEEDED", 400: "BAD_REQUEST", 401: "UNAUTHENTICATED"}
    return answer({"error_code": codes.get(refusal.status, "INTERNAL_ERROR"), "message": refusal.message}, refusal)


def _snowflake_error(refusal: RefusedError) -> web.Response:
    return answer({"message": refusal.message, "code": str(390000 + refusal.status), "request_id": "0"}, refusal)


def _xai_error(refusal: RefusedError) -> web.Response:
    return answer({"code": refusal.kind, "error": refusal.message}, refusal)


ERRORS = {"mistral": _mistral_error, "databricks": _databricks_error, "snowflake": _snowflake_error, "xai": _xai_error}


def _apart(usage: dict[str, Any]) -> dict[str, Any]:
    """Thinking is counted beside the completion, and within the sum."""
    thought = usage["completion_tokens_details"]["reasoning_tokens"]
    return {**usage, "completion_tokens": usage["completion_tokens"] - thought}


def _reshaped(change: Any) -> Api:
    """Chat completions of which the usage is stated in another way."""

    def fit(answered: dict[str, Any], turn: Turn) -> dict[str, Any]:
        return {**answered, "usage": change(answered["usage"], turn)} if "usage" in answered else answered

    def whole(turn: Turn, body: Mapping[str, Any]) -> dict[str, Any]:
        return fit(CHAT.whole(turn, body), turn)

    def events(turn: Turn, body: Mapping[str, Any]) -> Iterator[Piece]:
        for piece in CHAT.events(turn, body):
            yield replace(piece, data=fit(piece.data, turn)) if isinstance(piece.data, dict) else piece

    return replace(CHAT, whole=whole, events=events)


def _always(turn: Turn, body: Mapping[str, Any]) -> Iterator[Piece]:
    """A stream that ends with its usage, asked for or not."""
    return CHAT.events(turn, {**body, "stream_options": {"include_usage": True}})


def _written(usage: dict[str, Any], turn: Turn) -> dict[str, Any]:
    """What was put into the cache is told beside what came from it."""
    details = {**usage["prompt_tokens_details"], "cache_write_tokens": turn.stated.written if turn.stated else 0}
    return {**usage, "prompt_tokens_details": details}


VARIANTS = {
    "mistral": replace(CHAT, events=_always),
    "xai": _reshaped(lambda usage, _: _apart(usage)),
    "openrouter": _reshaped(_written),
}
