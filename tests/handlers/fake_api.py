"""A small API server for the watching framework: discovery, lists and watches, and a count of everything else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from agentops_operator.handlers.watch import WATCHED, Watched


class FakeApi:
    """Objects by plural name. A watch first waits, then sends what a test puts into `events`."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {watched.plural: [] for watched in WATCHED}
        self.events: dict[str, asyncio.Queue[dict[str, Any]]] = {watched.plural: asyncio.Queue() for watched in WATCHED}
        self.queries: dict[str, dict[str, str]] = {}
        self.lists: list[str] = []
        self.writes: list[str] = []
        self.slow: dict[str, asyncio.Event] = {}
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        if request.method != "GET":
            self.writes.append(f"{request.method} {request.path}")
            return web.json_response({}, status=405)
        plural = request.path.rsplit("/", 1)[-1]
        if plural not in self.objects:
            return web.json_response(self._discovery(request.path))
        self.queries[plural] = dict(request.query)
        if "watch" in request.query:
            return await self._watch(request, plural)
        if plural in self.slow:
            await self.slow[plural].wait()
        self.lists.append(plural)
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": self.objects[plural]})

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            event = await self.events[plural].get()
            await response.write(json.dumps(event).encode() + b"\n")

    def _discovery(self, path: str) -> dict[str, Any]:
        groups = sorted({watched.group for watched in WATCHED if watched.group})
        if path == "/apis":
            versions = {group: next(w.version for w in WATCHED if w.group == group) for group in groups}
            return {
                "groups": [
                    {
                        "name": group,
                        "versions": [{"groupVersion": f"{group}/{version}", "version": version}],
                        "preferredVersion": {"groupVersion": f"{group}/{version}", "version": version},
                    }
                    for group, version in versions.items()
                ]
            }
        if path == "/api":
            return {"versions": ["v1"]}
        group = "" if path == "/api/v1" else path.split("/")[2]
        return {"resources": [_resource(watched) for watched in WATCHED if watched.group == group]}


def _resource(watched: Watched) -> dict[str, Any]:
    return {
        "name": watched.plural,
        "singularName": watched.kind.lower(),
        "kind": watched.kind,
        "namespaced": not watched.cluster,
        "verbs": ["get", "list", "watch", "patch"],
    }


@asynccontextmanager
async def serving(api: FakeApi) -> AsyncIterator[FakeApi]:
    """The fake, on a port of its own."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await runner.cleanup()
