"""A real agent and a real relay, on local ports, that do what a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from agentops_evals.run import Places
from agentops_operator.policies.evaluation.contract import RunConfig

Reply = Callable[[Any], Awaitable[web.StreamResponse]]
BASE: dict[str, Any] = {
    "policy": "nightly",
    "policyNamespace": "shop",
    "agent": "billing",
    "namespace": "shop",
    "relay": "http://127.0.0.1",
    "target": {"service": {"name": "billing", "port": 8080, "path": "/ask"}},
    "evaluators": [{"name": "right", "type": "Contains"}],
    "gate": {"minPassPercent": 100, "minCases": 1},
    "deadlineSeconds": 30,
}


def config(**fields: Any) -> RunConfig:
    """Settings of a run, with some fields replaced."""
    return RunConfig.model_validate({**BASE, **fields})


class Agent:
    """Answers with what it was told to for each question, and remembers the questions."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.status = 200
        self.raw: bytes | None = None
        self.together: asyncio.Barrier | None = None  # so many questions are answered at a time
        self.silent: set[str] = set()  # questions that get no answer
        self.asked: list[Any] = []
        self.busiest = 0
        self._busy = 0

    async def ask(self, request: web.Request) -> web.Response:
        """Answers one question."""
        question = (await request.json())["input"]
        self.asked.append(question)
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        if question in self.silent:
            await asyncio.Event().wait()
        if self.together is not None:
            await self.together.wait()
            await asyncio.sleep(0.02)  # for one too many to come
        self._busy -= 1
        if self.raw is not None:
            return web.Response(body=self.raw, status=self.status)
        return web.json_response({"output": self.answers.get(str(question), "")}, status=self.status)


class Relay:
    """Hands out lines of traces and takes logs."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.status = 200
        self.query: dict[str, str] = {}
        self.tokens: list[str] = []
        self.logs: list[dict[str, Any]] = []

    async def traces(self, request: web.Request) -> web.Response:
        """Hands out the lines."""
        self.query = dict(request.query)
        self.tokens.append(request.headers.get("Authorization", ""))
        return web.Response(text="".join(json.dumps(line) + "\n" for line in self.lines), status=self.status)

    async def take(self, request: web.Request) -> web.Response:
        """Takes one request of log records."""
        self.tokens.append(request.headers.get("Authorization", ""))
        self.logs.append(await request.json())
        return web.Response(status=self.status)

    @property
    def records(self) -> list[dict[str, Any]]:
        """All log records that came in, with attributes as a plain mapping."""
        records = [record for body in self.logs for record in body["resourceLogs"][0]["scopeLogs"][0]["logRecords"]]
        return [
            {**record, "attributes": {a["key"]: next(iter(a["value"].values())) for a in record["attributes"]}}
            for record in records
        ]


@asynccontextmanager
async def served(*routes: web.RouteDef) -> AsyncIterator[int]:
    """Serves routes on a free local port."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, handler_cancellation=True)  # a question that is silent ends with who asks it
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Scene:
    """Agent, relay, files, and the paths to them."""

    def __init__(self, directory: Path, agent_port: int, relay_port: int) -> None:
        self.agent = Agent()
        self.relay = Relay()
        self.directory = directory
        self.message = directory / "termination-log"
        for name in ("reader", "agent"):
            (directory / name).write_text(f"{name}-token\n")
        self.places = Places(
            dataset=directory / "cases.yaml",
            reader_token=directory / "reader",
            agent_token=directory / "agent",
            scanner=str(directory / "agentops-mask"),
            service=lambda _name, _namespace, _port, path: f"http://127.0.0.1:{agent_port}{path}",
            logs_port=relay_port,
            api_port=relay_port,
        )

    def dataset(self, text: str) -> None:
        """Writes the golden set."""
        self.places.dataset.write_text(text)

    def scanner(self, script: str) -> None:
        """Puts a program in the place of `agentops-mask`."""
        path = Path(self.places.scanner)
        path.write_text(f"#!/usr/bin/env python3\n{script}")
        path.chmod(0o755)
