"""The webhook process: follow the indexes, answer, and go on answering for a while when told to end."""

import asyncio
import logging
import os
import signal
import sys

from agentops_operator.runtime.clock import SystemClock
from agentops_operator.runtime.cluster import connect
from agentops_operator.runtime.follow import follow
from agentops_operator.runtime.http import HttpServer
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.webhook.certificate import Certificate
from agentops_operator.webhook.indexes import Indexes
from agentops_operator.webhook.metrics import WebhookMetrics
from agentops_operator.webhook.server import WebhookServer
from agentops_operator.webhook.settings import WebhookSettings, from_environment

LOG = logging.getLogger(__name__)


async def serve(settings: WebhookSettings) -> None:
    """Runs until a signal comes."""
    api_metrics, clock = Metrics(), SystemClock()
    metrics = WebhookMetrics(api_metrics.requests)
    certificate = Certificate(settings.certificates, metrics)
    certificate.load()
    indexes = Indexes(settings.namespaces)
    server = WebhookServer(indexes, settings.sidecar, metrics)
    http = HttpServer(metrics.registry, lambda: missing(indexes, server), settings.http_host, settings.http_port)
    cluster = await connect(settings.kubeconfig, "", api_metrics)
    tasks = [asyncio.create_task(follow(cluster, clock, what)) for what in indexes.collections()]
    tasks += [asyncio.create_task(certificate.follow()), asyncio.create_task(_told_to_end())]
    try:
        await http.start()
        await server.start(settings.http_host, settings.port, certificate.context)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # a task that broke ends the process, and the kubelet starts it anew
        server.draining = True
        await asyncio.sleep(settings.drain_seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.stop()
        await http.stop()
        await cluster.close()


def missing(indexes: Indexes, server: WebhookServer) -> str:
    """What is missing for readiness; empty when nothing is."""
    if server.draining:
        return "it is about to end"
    return "" if indexes.complete else "the indexes are not listed yet"


async def _told_to_end() -> None:
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()


def main() -> int:
    """Entry point of the process; returns its exit code."""
    try:
        settings = from_environment(os.environ)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        LOG.error("the webhook ends: %s", error)  # noqa: TRY400  (a missing file or a taken port needs no stack trace)
        return 1
    except Exception:
        LOG.exception("the webhook ends")
        return 1
    return 0
