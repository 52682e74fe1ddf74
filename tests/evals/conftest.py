from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.evals.stubs import Scene, served


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """An agent and a relay that answer, and a golden set of two cases that the agent gets right."""
    found: list[Scene] = []

    async def ask(request: web.Request) -> web.StreamResponse:
        return await found[0].agent.ask(request)

    async def traces(request: web.Request) -> web.StreamResponse:
        return await found[0].relay.traces(request)

    async def logs(request: web.Request) -> web.StreamResponse:
        return await found[0].relay.take(request)

    async with (
        served(web.post("/ask", ask)) as agent_port,
        served(web.get("/v1/traces", traces), web.post("/v1/logs", logs)) as relay_port,
    ):
        scene = Scene(tmp_path, agent_port, relay_port)
        found.append(scene)
        scene.agent.answers = {"capital of France?": "It is Paris.", "2 + 2?": "4"}
        scene.dataset("""
- {id: france, input: "capital of France?", expected: Paris}
- {id: sum, input: "2 + 2?", expected: "4"}
""")
        yield scene
