"""A provider on a real port, and a client for it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from demo.fake_provider.server import application


@pytest.fixture
async def provider() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with an API key, connected to a new provider."""
    runner = web.AppRunner(application(), handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    key = {"Authorization": "Bearer sk-test", "x-api-key": "sk-test"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=key) as session:
        yield session
    await runner.cleanup()
