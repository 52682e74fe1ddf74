"""Whatever an API server answers, or leaves unsaid, is an answer or an ApiError: anything else would end what waits for it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from kubernetes.aio import client as api

from agentops_operator.runtime.cluster import ApiCluster
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.objects import ApiError, Ref

PODS = Ref("v1", "Pod", "shop", "")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[ApiCluster]:
    """A client of a server that answers everything so."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    configuration = type.__call__(api.Configuration)
    configuration.host = f"http://127.0.0.1:{runner.addresses[0][1]}"
    cluster = ApiCluster(configuration, Metrics())
    try:
        yield cluster
    finally:
        await cluster.close()
        await runner.cleanup()


def cut(status: int, text: bytes) -> Handler:
    """An answer whose connection is cut before its end."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Length": str(len(text) + 10)})
        await response.prepare(request)
        await response.write(text)
        assert request.transport is not None
        request.transport.close()
        return response

    return handler


def plain(text: str) -> Handler:
    """A text that is no JSON, as a proxy on the way answers."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type="text/html")

    return handler


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(cut(500, b'{"reason"'), id="refusal-that-is-cut"),
        pytest.param(cut(200, b'{"items"'), id="answer-that-is-cut"),
        pytest.param(plain("<html>"), id="text-of-a-proxy"),
    ],
)
async def test_answer_that_cannot_be_read_is_as_good_as_none(handler: Handler) -> None:
    """A list fails as it does without a connection."""
    async with served(handler) as cluster:
        with pytest.raises(ApiError) as raised:
            await cluster.list(PODS)
    assert raised.value.status == 0


async def test_refusal_keeps_the_words_of_the_server() -> None:
    """Status and message are those of the answer."""

    async def refused(_: web.Request) -> web.StreamResponse:
        return web.json_response({"reason": "Forbidden", "message": "pods is forbidden"}, status=403)

    async with served(refused) as cluster:
        with pytest.raises(ApiError) as raised:
            await cluster.list(PODS)
    assert (raised.value.status, raised.value.message) == (403, "pods is forbidden")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param(b"<html>\n", 1, id="no-json"),
        pytest.param(
            json.dumps({"type": "ADDED", "object": "x" * (5 << 20)}).encode() + b"\n", 1, id="longer-than-the-client-reads"
        ),
    ],
)
async def test_stream_that_cannot_be_read_has_ended(line: bytes, shown: int) -> None:
    """What came before counts, and the watch is opened again by who follows it."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type": "BOOKMARK", "object": {}}\n' + line)
        await response.write_eof()
        return response

    events = list[object]()

    async def read(cluster: ApiCluster) -> None:
        async for event in cluster.watch(PODS, "1"):
            events.append(event)

    async with served(stream) as cluster:
        with pytest.raises(ApiError) as raised:
            await read(cluster)
    assert (raised.value.status, len(events)) == (0, shown)
