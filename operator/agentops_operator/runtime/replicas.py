"""The HTTP API of replicas in the operator's namespace, asked with the operator's token."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

CALL = aiohttp.ClientTimeout(total=5)


class Replicas:
    """Replicas behind one DNS name; the token is read each time, because the kubelet renews it."""

    def __init__(self, name: str, port: int, token: str) -> None:
        self._name = name
        self._port = port
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    async def addresses(self) -> tuple[str, ...]:
        """One address behind a Service, one for each replica behind a headless one."""
        return await addresses_of(self._name, self._port)

    async def get(self, address: str, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """The JSON answer of one replica."""
        url = f"http://{address}:{self._port}{path}"
        async with self.session.get(url, params=params, headers=await self._headers(), raise_for_status=True) as response:
            answer: Mapping[str, Any] = await response.json(content_type=None)
            return answer

    async def post(self, address: str, path: str, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON answer of one replica; an answer that is no JSON object, as of a proxy in between, says nothing."""
        url = f"http://{address}:{self._port}{path}"
        async with self.session.post(url, json=body, headers=await self._headers()) as response:
            try:
                answer = await response.json(content_type=None)
            except ValueError:
                answer = None
            return response.status, answer if isinstance(answer, Mapping) else {}

    async def _headers(self) -> dict[str, str]:
        token = await asyncio.to_thread(_read, self._token)
        return {"Authorization": f"Bearer {token}"} if token else {}

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session, opened when it is needed first, since it belongs to the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=CALL)
        return self._session

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()


async def addresses_of(name: str, port: int) -> tuple[str, ...]:
    """Addresses behind a DNS name, as they stand in a URL."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, proto=6)
    return tuple(sorted({_url_host(str(entry[4][0])) for entry in found}))


def _read(path: str) -> str:
    """The token in a file; empty when there is none, as on a developer's machine."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _url_host(address: str) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
