"""The gateway's admin API over HTTP."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from agentops_operator.agent.holds.decision import Delivery, Result
from agentops_operator.agent.holds.waiting import RunNow, run_in, run_now
from agentops_operator.runtime.replicas import Replicas
from agentops_operator.runtime.settings import RuntimeSettings

CALLS = re.compile(r"^agentops_gateway_calls_total\{(?P<labels>[^}]*)\}", re.MULTILINE)
AGENT = ("k8s_namespace_name", "dev_agentops_agent")
RESULTS: dict[int, Result] = {
    HTTPStatus.BAD_REQUEST: Result.INVALID,
    HTTPStatus.NOT_FOUND: Result.GONE,
    HTTPStatus.CONFLICT: Result.LATE,
    HTTPStatus.SERVICE_UNAVAILABLE: Result.STORE_DOWN,
}
LABEL = re.compile(r'(\w+)="([^"]*)"')


class HttpGateway(Replicas):
    """The gateway's replicas, found by the headless Service."""

    def __init__(self, settings: RuntimeSettings) -> None:
        super().__init__(settings.gateway_name, settings.gateway_port, settings.relay_token)
        self._metrics_port = settings.gateway_metrics_port

    async def state(self, address: str) -> Mapping[str, Any]:
        """`GET /v1/state` of one replica."""
        return await self.get(address, "/v1/state", {})

    async def usage(self, address: str, agent: str) -> Mapping[str, Any]:
        """`GET /v1/usage` of one replica."""
        return await self.get(address, "/v1/usage", {"agent": agent})

    async def holds(self, address: str, cursor: str) -> Mapping[str, Any]:
        """`GET /v1/holds` of one replica."""
        return await self.get(address, "/v1/holds", {"cursor": cursor} if cursor else {})

    async def run(self, address: str, agent: str, run: str) -> RunNow | None:
        """`GET /v1/runs` for one run; None when there is none."""
        try:
            return run_in(await self.get(address, "/v1/runs", {"agent": agent, "run": run}), run)
        except aiohttp.ClientResponseError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def decide(self, address: str, body: Mapping[str, Any]) -> Delivery:
        """`POST /v1/decisions` of one replica."""
        status, answer = await self.post(address, "/v1/decisions", body)
        if status == HTTPStatus.OK:
            return Delivery(Result.TAKEN, run=run_now(answer))
        return Delivery(RESULTS.get(status, Result.UNREACHABLE), str(answer.get("error", f"status {status}"))[:512])

    async def callers(self, address: str) -> frozenset[str]:
        """Agents of which the replica has counted a call, from its metrics."""
        async with self.session.get(f"http://{address}:{self._metrics_port}/metrics", raise_for_status=True) as response:
            return callers_in(await response.text())


def callers_in(page: str) -> frozenset[str]:
    """Agents with a call in a page of metrics, as `namespace/agent`."""
    series = (dict(LABEL.findall(match["labels"])) for match in CALLS.finditer(page))
    return frozenset("/".join(labels[name] for name in AGENT) for labels in series if labels.keys() >= set(AGENT))
