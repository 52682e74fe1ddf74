"""The port that the API server calls."""

import ssl
import time

from aiohttp import web

from agentops_operator.agent.sidecar import SidecarTemplate
from agentops_operator.webhook.indexes import Indexes
from agentops_operator.webhook.metrics import WebhookMetrics
from agentops_operator.webhook.review import NoReviewError, review

PATH = "/inject"
LARGEST = 8 * 1024 * 1024  # a review holds a pod of up to 3 MiB, and may hold it twice
# Longer than the API server keeps an idle connection: were we the first to close it, a question that is just on its way
# would be lost, and the pod would start without its sidecar.
KEEP_SECONDS = 300.0


class WebhookServer:
    """Answers reviews over HTTPS."""

    def __init__(self, indexes: Indexes, sidecar: SidecarTemplate, metrics: WebhookMetrics) -> None:
        self._indexes = indexes
        self._sidecar = sidecar
        self._metrics = metrics
        self._runner: web.AppRunner | None = None
        self.draining = False

    async def start(self, host: str, port: int, context: ssl.SSLContext) -> None:
        """Begins to answer."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post(PATH, self._inject)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, keepalive_timeout=KEEP_SECONDS, shutdown_timeout=3.0
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=context).start()

    @property
    def port(self) -> int:
        """The port in use, which differs from the wished one when that is 0."""
        return int(self._runner.addresses[0][1]) if self._runner and self._runner.addresses else 0

    async def stop(self) -> None:
        """Stops answering; what is under way is finished."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _inject(self, request: web.Request) -> web.Response:
        body = await request.read()
        begun = time.perf_counter()
        with self._metrics.in_flight.labels(PATH).track_inprogress():
            response = self._answer(body)
        self._metrics.seconds.labels(PATH).observe(time.perf_counter() - begun)
        self._metrics.requests.labels(PATH, str(response.status)).inc()
        if self.draining:  # makes the API server connect anew, to a replica that stays
            response.force_close()
        return response

    def _answer(self, body: bytes) -> web.Response:
        if not self._indexes.complete:
            return web.Response(status=503, text="the indexes are not listed yet")
        try:
            answer, outcome = review(body, self._indexes.of, self._sidecar)
        except NoReviewError as error:
            return web.Response(status=400, text=str(error))
        self._metrics.answers.labels(outcome).inc()
        self._metrics.indexes.set(len(self._indexes))
        return web.Response(body=answer, content_type="application/json")
