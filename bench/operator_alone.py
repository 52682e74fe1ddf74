"""The operator alone: its process against an API server and etcd without a node, so that nothing else takes the cores."""

import http.client
import json
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from bench.audit_tail import AuditTail
from bench.figure import Figure, at_least, at_most
from bench.fleet import agent
from devcluster.build import build
from tests.operator_process.control_plane import TOKEN, ControlPlane, any_certificate
from tests.operator_process.process import HOME, OperatorProcess, cpu_seconds

GROUP = "operator alone"
FLEET = 1000
LARGE_FLEET = 5000
WHERE = "bench-alone"
RSS_LIMIT = 190  # MiB, just below 200 MB
AGENTS = f"/apis/agentops.dev/v1alpha1/namespaces/{WHERE}/agents"


def run() -> Iterator[Figure]:
    """Yields the figures."""
    build()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plane = ControlPlane(home)
        stack.callback(plane.stop)
        _prepare(plane)
        operator = OperatorProcess(plane.kubeconfig, home / "operator.log").start()
        stack.callback(operator.stop)
        yield from measure(plane, operator)


def measure(plane: ControlPlane, operator: OperatorProcess) -> Iterator[Figure]:
    """Yields the figures of a running operator."""
    yield from _fleet(plane, operator, 0, FLEET)
    yield Figure(GROUP, f"RSS at {FLEET} Agents", round(_rss(operator), 1), "MiB", method="VmRSS after a scrape")
    yield from _fleet(plane, operator, FLEET, LARGE_FLEET)
    yield at_most(GROUP, f"RSS at {LARGE_FLEET} Agents", _rss(operator), "MiB", RSS_LIMIT, "VmRSS after a scrape")
    yield from _restart(plane, operator)


def _prepare(plane: ControlPlane) -> None:
    plane.start()
    plane.install_crds()
    for name in (HOME, WHERE):
        plane.apply(f"/api/v1/namespaces/{name}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _fleet(plane: ControlPlane, operator: OperatorProcess, first: int, last: int) -> Iterator[Figure]:
    """Creates Agents and waits until each has its status; the wait reads the audit log, which costs the others nothing."""
    log, count = AuditTail(plane.audit), last - first
    cpu, servers, began = operator.cpu_seconds(), _servers(plane), time.monotonic()
    _create(plane, first, last)
    log.wait_for(count)
    took, used = time.monotonic() - began, operator.cpu_seconds() - cpu
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    method = f"{count} Agents without pods added to {first}, from the first create to the last status, {load}"
    speed = f"Agents programmed a second, {first} to {last}"
    if first == 0:
        yield at_least(GROUP, speed, count / took, "1/s", 85, method)
    else:
        yield Figure(GROUP, speed, round(count / took, 1), "1/s", method=method)
    yield Figure(GROUP, f"CPU per Agent, {first} to {last}", round(used / count * 1000, 2), "ms", method="same run")
    used = (_servers(plane) - servers) / count * 1000
    yield Figure(GROUP, f"CPU per Agent of API server and etcd, {first} to {last}", round(used, 2), "ms", method="same run")
    log.wait_quiet()
    limit = 2 + 3 * took / count  # children + 1; index, relay table and alert rules at most once a second
    yield at_most(
        GROUP, f"writes per Agent, {first} to {last}", log.writes / count, "writes", limit, "audit log, shared objects included"
    )


def _restart(plane: ControlPlane, operator: OperatorProcess) -> Iterator[Figure]:
    log = AuditTail(plane.audit)
    operator.stop()
    began = time.monotonic()
    operator.start()
    took = time.monotonic() - began
    log.wait_quiet()
    method = f"a new process over {LARGE_FLEET} Agents"
    yield Figure(GROUP, "restart until ready", round(took, 1), "s", method=method)
    yield at_most(GROUP, "writes at restart", log.writes, "writes", 0, method)
    yield at_most(GROUP, "RSS after restart", _rss(operator), "MiB", RSS_LIMIT, method)


def _servers(plane: ControlPlane) -> float:
    """What the other side of the same work takes of the same cores."""
    return sum(cpu_seconds(process.pid) for process in plane.processes.values())


def _rss(operator: OperatorProcess) -> float:
    operator.answer("/metrics")  # a scrape is part of its life, and its memory too
    return operator.rss_mib()


def _create(plane: ControlPlane, first: int, last: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda numbers: _post(plane, numbers), (range(first, last, 2), range(first + 1, last, 2))))


def _post(plane: ControlPlane, numbers: range) -> None:
    """Creates Agents over one connection: a client that dials anew each time would take more of the machine than the operator."""
    link = http.client.HTTPSConnection("127.0.0.1", plane.ports[2], timeout=30, context=any_certificate())
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "User-Agent": "the-test"}
    for number in numbers:
        link.request("POST", AGENTS, json.dumps(agent(number)), headers)
        answer = link.getresponse()
        body = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"agent {number}: {answer.status} {body[:300]!r}")
    link.close()
