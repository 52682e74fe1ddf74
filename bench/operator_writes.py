"""API writes of the operator for each Agent: at create, at a policy change, at a label touch, at a restart."""

import time
from collections.abc import Callable, Iterator

from bench.figure import Figure, at_most
from bench.fleet import add_agents, namespace, wait_ready
from bench.meter import mark, writes_since
from demo.install import NAMESPACE
from tests.cluster.access import Access

AGENTS = 100
GROUP = "writes"
NAME = "bench-writes"
METHOD = f"writes of the operator's account in the API server's audit log over {AGENTS} Agents, Leases apart"
QUIET = 5.0  # seconds without a write after which the operator has settled
POLICY = {
    "apiVersion": "agentops.dev/v1alpha1",
    "kind": "MaskingPolicy",
    "metadata": {"name": "bench"},
    "spec": {"packs": [{"name": "Email"}]},
}


def run(access: Access) -> Iterator[Figure]:
    """Yields the figures."""
    with namespace(access, NAME) as where:
        yield _figure("create", _counted(access, lambda: _create(access, where)), 2.0, shared=4)
        yield _figure("policy change", _counted(access, lambda: access.apply(POLICY, namespace=where)), 2.0, shared=6)
        touch = _counted(access, lambda: access.kubectl("label", "agents.agentops.dev", "--all", "-n", where, "touched=yes"))
        yield _figure("label touch", touch, 0.0)
        yield _figure("restart", _counted(access, lambda: _restart(access)), 0.0)


def _figure(name: str, writes: int, limit: float, shared: int = 0) -> Figure:
    """`shared` writes are allowed once for all Agents: index, relay table and the policy's own status."""
    return at_most(GROUP, f"writes per Agent at {name}", writes / AGENTS, "writes", limit + shared / AGENTS, METHOD)


def _create(access: Access, where: str) -> None:
    add_agents(access, where, 0, AGENTS)
    wait_ready(access, where, AGENTS)


def _restart(access: Access) -> None:
    access.kubectl("rollout", "restart", "deployment/agentops-operator", "-n", NAMESPACE)
    access.kubectl("rollout", "status", "deployment/agentops-operator", "-n", NAMESPACE, "--timeout=120s")


def _counted(access: Access, act: Callable[[], object]) -> int:
    start = mark(access)
    act()
    _settle(access)
    counted = writes_since(access, start, namespaces=(NAMESPACE, NAME))
    return sum(count for resource, count in counted.items() if resource != "events")


def _settle(access: Access) -> None:
    """Returns once the operator has written nothing for a while; the wait is part of the method, not of a figure."""
    before = -1
    quiet_since = time.monotonic()
    start = mark(access)
    while time.monotonic() - quiet_since < QUIET:
        now = sum(writes_since(access, start).values())
        if now != before:
            before, quiet_since = now, time.monotonic()
        time.sleep(0.5)
