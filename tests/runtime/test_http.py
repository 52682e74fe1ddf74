"""Probes and metrics over real HTTP."""

import aiohttp

from agentops_operator.runtime.http import HttpServer
from agentops_operator.runtime.metrics import Metrics


async def test_probes_and_metrics_answer() -> None:
    """Alive is not ready: readiness says what is missing, and metrics have the known names."""
    metrics, missing = Metrics(), ["caches are not filled"]
    metrics.requests.labels("200", "GET").inc()
    server = HttpServer(metrics.registry, lambda: missing[0], "127.0.0.1", 0)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
            assert (await session.get("/healthz")).status == 200
            ready = await session.get("/readyz")
            assert (ready.status, await ready.text()) == (503, "caches are not filled")
            missing[0] = ""
            assert (await session.get("/readyz")).status == 200
            text = await (await session.get("/metrics")).text()
            assert 'rest_client_requests_total{code="200",method="GET"} 1.0' in text
    finally:
        await server.stop()
