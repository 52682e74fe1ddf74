"""Serves questions on port 8080 and works on its own beside that."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from demo.agent import telemetry
from demo.agent.work import Work


def application(work: Work) -> web.Application:
    """The agent's web application."""

    async def ask(request: web.Request) -> web.Response:
        question = (await request.json())["input"]
        return web.json_response({"output": await work.task(str(question))})

    async def progress(_: web.Request) -> web.Response:
        return web.json_response(work.progress())

    async def pause(_: web.Request) -> web.Response:
        work.running.clear()
        return web.json_response(work.progress())

    async def resume(_: web.Request) -> web.Response:
        work.running.set()
        return web.json_response(work.progress())

    async def spans(request: web.Request) -> web.Response:
        return web.json_response(work.spans(int(request.match_info["number"])))

    async def working(_: web.Application) -> AsyncIterator[None]:
        loop = asyncio.create_task(work.forever())
        yield
        loop.cancel()

    app = web.Application()
    app.add_routes([web.post("/", ask), web.get("/progress", progress), web.get("/tasks/{number}/spans", spans)])
    app.add_routes([web.post("/pause", pause), web.post("/resume", resume)])
    app.cleanup_ctx.append(working)
    return app


if __name__ == "__main__":
    # Questions hold what customers typed: requests are not logged.
    web.run_app(application(Work(telemetry.start())), port=8080, access_log=None, print=None)
