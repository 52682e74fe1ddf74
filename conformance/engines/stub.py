"""A naive proxy that limits nothing: the suite must find out.

It knows the alias, the first target and its key, and passes everything else through; such proxies look like gateways in a demo.
"""

import asyncio
import contextlib
import json
import threading
from typing import Any

import aiohttp
from aiohttp import web

from conformance.engines import Settings
from conformance.processes import free_port


class Stub:
    """Serves from a thread, because a process of its own would take longer to start than to use."""

    name = "stub"
    patience = 0.4

    def start(self, settings: Settings) -> "StubRunning":
        """A replica."""
        return StubRunning(settings)


class StubRunning:
    """One proxy."""

    def __init__(self, settings: Settings) -> None:
        self._settings, port, up = settings, free_port(), threading.Event()
        self.url = f"http://127.0.0.1:{port}"
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(port, up)), daemon=True)
        self._thread.start()
        up.wait(10)

    async def _serve(self, port: int, up: threading.Event) -> None:
        app = web.Application(client_max_size=2**30)
        app.router.add_post("/{path:.*}", self._pass)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        up.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        body, plan = json.loads(await request.read()), json.loads(self._settings.plan.read_text())
        routes = {alias: name for agent in plan["agents"].values() for alias, name in agent["models"].items()}
        target = plan["targets"][plan["routes"][routes[body["model"]]]["targets"][0]["target"]]
        credential = target["credential"]
        key = (self._settings.secrets / credential["secret"] / credential["keys"]["apiKey"]).read_text()
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{target['endpoint']}/{request.match_info['path']}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json={**body, "model": target["model"]}, headers=headers) as answer,
        ):
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.headers["Content-Type"]})
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
        return response

    def in_force(self) -> tuple[str, str]:
        """It cannot say."""
        raise NotImplementedError("the stub has no plan in force")

    def usage(self, agent: str) -> dict[str, Any]:
        """It counts nothing."""
        raise NotImplementedError(f"the stub knows nothing of {agent}")

    def holds(self) -> list[dict[str, Any]]:
        """It holds nothing."""
        raise NotImplementedError("the stub holds no run")

    def decide(self, **decision: Any) -> dict[str, Any]:
        """It takes no decision."""
        raise NotImplementedError(f"the stub holds no run: {decision}")

    def ready(self) -> bool:
        """It always says so."""
        return True

    def metrics(self) -> str:
        """It has none."""
        return ""

    def terminate(self) -> None:
        """Stops at once: it drains nothing."""
        with contextlib.suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._stopped.set)

    def wait(self) -> None:
        """Until the thread has ended."""
        self._thread.join(10)

    def kill(self) -> None:
        """The same."""
        self.terminate()
        self.wait()
