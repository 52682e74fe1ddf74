"""The gateway's admin API over HTTP."""

import re
from collections.abc import Mapping
from typing import Any

from agentops_operator.runtime.replicas import Replicas
from agentops_operator.runtime.settings import RuntimeSettings

CALLS = re.compile(r"^agentops_gateway_calls_total\{(?P<labels>[^}]*)\}", re.MULTILINE)
AGENT = ("k8s_namespace_name", "dev_agentops_agent")
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

    async def callers(self, address: str) -> frozenset[str]:
        """Agents of which the replica has counted a call, from its metrics."""
        async with self.session.get(f"http://{address}:{self._metrics_port}/metrics", raise_for_status=True) as response:
            return callers_in(await response.text())


def callers_in(page: str) -> frozenset[str]:
    """Agents with a call in a page of metrics, as `namespace/agent`."""
    series = (dict(LABEL.findall(match["labels"])) for match in CALLS.finditer(page))
    return frozenset("/".join(labels[name] for name in AGENT) for labels in series if labels.keys() >= set(AGENT))
