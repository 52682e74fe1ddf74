"""The gateway's admin API over HTTP."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import aiohttp

from agentops_operator.runtime.observer import CALL, read_token, url_host
from agentops_operator.runtime.settings import RuntimeSettings

CALLS = re.compile(r"^agentops_gateway_calls_total\{(?P<labels>[^}]*)\}", re.MULTILINE)
AGENT = ("k8s_namespace_name", "dev_agentops_agent")
LABEL = re.compile(r'(\w+)="([^"]*)"')


class HttpGateway:
    """The gateway's replicas, found by the headless Service; the token is read each time, because the kubelet renews it."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def addresses(self) -> tuple[str, ...]:
        """One address for each replica that is ready."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._settings.gateway_name, self._settings.gateway_port, proto=6)
        return tuple(sorted({url_host(str(entry[4][0])) for entry in found}))

    async def state(self, address: str) -> Mapping[str, Any]:
        """`GET /v1/state` of one replica."""
        answer: Mapping[str, Any] = await self._json(address, "/v1/state", {})
        return answer

    async def usage(self, address: str, agent: str) -> Mapping[str, Any]:
        """`GET /v1/usage` of one replica."""
        answer: Mapping[str, Any] = await self._json(address, "/v1/usage", {"agent": agent})
        return answer

    async def callers(self, address: str) -> frozenset[str]:
        """Agents of which the replica has counted a call, from its metrics."""
        url = f"http://{address}:{self._settings.gateway_metrics_port}/metrics"
        async with self._open().get(url, raise_for_status=True) as response:
            return callers_in(await response.text())

    async def _json(self, address: str, path: str, params: Mapping[str, str]) -> Any:
        token = await asyncio.to_thread(read_token, self._settings.relay_token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"http://{address}:{self._settings.gateway_port}{path}"
        async with self._open().get(url, params=params, headers=headers, raise_for_status=True) as response:
            return await response.json(content_type=None)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=CALL)
        return self._session

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()


def callers_in(page: str) -> frozenset[str]:
    """Agents with a call in a page of metrics, as `namespace/agent`."""
    series = (dict(LABEL.findall(match["labels"])) for match in CALLS.finditer(page))
    return frozenset("/".join(labels[name] for name in AGENT) for labels in series if labels.keys() >= set(AGENT))
