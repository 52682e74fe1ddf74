"""The state of gateways in namespaces of tenants.

What answers there is the tenant's to tamper with: nothing is shown to it, and what it says is bounded.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from agentops_operator.agent.gateway.tenant import ADMIN
from agentops_operator.kube.names import TENANT_GATEWAY
from agentops_operator.runtime.replicas import addresses_of

CALL = aiohttp.ClientTimeout(total=5)
MOST_REPLICAS = 16
MOST_BYTES = 1 << 20


class HttpTenantGateways:
    """Gateways found by the headless Service of each namespace."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def states(self, namespace: str) -> list[Mapping[str, Any]]:
        """`GET /v1/state` of every ready replica, without any token: whoever caught the operator's could read all namespaces."""
        addresses = (await addresses_of(f"{TENANT_GATEWAY}.{namespace}.svc", ADMIN))[:MOST_REPLICAS]
        return list(await asyncio.gather(*map(self._state, addresses)))

    async def _state(self, address: str) -> Mapping[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=CALL)
        url = f"http://{address}:{ADMIN}/v1/state"
        async with self._session.get(url, raise_for_status=True, allow_redirects=False) as response:
            text = b""
            async for part in response.content.iter_any():
                text += part
                if len(text) > MOST_BYTES:
                    raise ValueError(f"{address} says more than {MOST_BYTES} bytes")
        state: Mapping[str, Any] = json.loads(text)
        return state

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()
