"""The operator process: wait for the Lease, then watch and work; end when the Lease is lost or a signal comes."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from dataclasses import replace

import kopf

from agentops_operator.api.kind import API_VERSION
from agentops_operator.handlers.login import register_login
from agentops_operator.handlers.running import watch
from agentops_operator.handlers.watch import register, register_life
from agentops_operator.runtime.alerts import HttpPrometheus
from agentops_operator.runtime.clock import SystemClock
from agentops_operator.runtime.cluster import ApiCluster, connect
from agentops_operator.runtime.gateway_client import HttpGateway
from agentops_operator.runtime.http import HttpServer
from agentops_operator.runtime.lease import Lease
from agentops_operator.runtime.metrics import CONTROLLER, Metrics
from agentops_operator.runtime.objects import Ref
from agentops_operator.runtime.observer import HttpRelay
from agentops_operator.runtime.process import Operator, Outside
from agentops_operator.runtime.settings import RuntimeSettings, from_environment
from agentops_operator.runtime.tenant_client import HttpTenantGateways

LOG = logging.getLogger(__name__)


class Standing:
    """How far the process is, for the readiness probe."""

    def __init__(self) -> None:
        self.waiting_for_lease = True
        self.operator: Operator | None = None

    def missing(self) -> str:
        """What is missing for readiness; empty when nothing is. A replica that stands by is ready to take over."""
        if self.waiting_for_lease:
            return ""
        return "it begins to lead" if self.operator is None else self.operator.missing()


async def serve(settings: RuntimeSettings) -> None:
    """Runs until a signal comes, the Lease is lost, or a watch cannot go on."""
    _end_on_signals()
    metrics, clock, standing = Metrics(), SystemClock(), Standing()
    cluster = await connect(settings.kubeconfig, settings.kube_context, metrics)
    http = HttpServer(metrics.registry, standing.missing, settings.http_host, settings.http_port)
    await http.start()
    lease = Lease(cluster, clock, settings.home, settings.identity)
    relay, gateway, tenants = HttpRelay(settings), HttpGateway(settings), HttpTenantGateways()
    try:
        if settings.leader_election:
            await lease.acquire()
        standing.waiting_for_lease = False
        metrics.leader.labels(CONTROLLER).set(1)
        known = await _with_owner(settings, cluster)
        rules = HttpPrometheus(known.compile.prometheus_url) if known.compile.prometheus_url else None
        standing.operator = Operator(known, Outside(cluster, relay, clock, metrics, rules, gateway, gateway, tenants))
        await _lead(known, standing.operator, cluster, lease if settings.leader_election else None)
    finally:
        if standing.operator is not None:
            await standing.operator.close()
        await lease.release()
        await relay.close()
        await gateway.close()
        await tenants.close()
        await http.stop()
        await cluster.close()


def _end_on_signals() -> None:
    """Ends a process that waits for the Lease; the watching framework has handlers of its own once it runs.

    The first process of a container ignores signals that it does not handle, and would stay for its whole grace period.
    """
    if (task := asyncio.current_task()) is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def _lead(settings: RuntimeSettings, operator: Operator, cluster: ApiCluster, lease: Lease | None) -> None:
    """Watches and works, as long as the Lease holds."""
    watching = asyncio.create_task(_watch(settings, operator, cluster), name="watches")
    tasks = [watching] if lease is None else [watching, asyncio.create_task(lease.hold(), name="lease")]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(settings: RuntimeSettings, operator: Operator, cluster: ApiCluster) -> None:
    await _kinds_served(cluster)
    registry = kopf.OperatorRegistry()
    register_login(registry, cluster)
    register(registry, operator.intake, clusterwide=not settings.namespaces)
    register_life(registry, operator)
    await watch(registry, settings.identity, settings.namespaces)


async def _kinds_served(cluster: ApiCluster) -> None:
    """Waits for our kinds: kopf looks once only, and would never watch a kind that comes a second later."""
    while missing := await cluster.missing_kinds():
        LOG.warning("waiting for the kinds %s of %s", ", ".join(missing), API_VERSION)
        await asyncio.sleep(5)


async def _with_owner(settings: RuntimeSettings, cluster: ApiCluster) -> RuntimeSettings:
    """Finds the operator's own Deployment, so that uninstalling it removes the shared objects."""
    wanted = settings.compile
    if wanted.operator_uid:
        return settings
    own = await cluster.get_or_none(Ref("apps/v1", "Deployment", settings.home, wanted.operator_deployment))
    if own is None:
        LOG.warning("Deployment %s/%s is not readable: shared objects get no owner", settings.home, wanted.operator_deployment)
        return settings
    return replace(settings, compile=replace(wanted, operator_uid=own["metadata"]["uid"]))


def main() -> int:
    """Entry point of the process; returns its exit code."""
    settings = from_environment(os.environ)
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    try:
        asyncio.run(serve(settings))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    except Exception:
        LOG.exception("the operator ends")
        return 1
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    return 0


def run() -> None:
    """Console script."""
    sys.exit(main())
