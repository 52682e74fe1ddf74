"""API writes of the operator for each Agent: at create, at a policy change, at a label touch, at a restart.

An Agent's own writes are exact: its children that change and its status. What all Agents of a namespace share (index,
identity table, rules) is written at most once a second however many Agents change, so it is a figure of its own.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.figure import Figure, at_most
from bench.fleet import PREFIX, add_agents, namespace, wait_ready
from bench.meter import mark, writes_by_object, writes_since
from demo.install import NAMESPACE
from tests.cluster.access import Access

AGENTS = 100
GROUP = "writes"
NAME = "bench-writes"
METHOD = f"writes of the operator's account in the API server's audit log over {AGENTS} Agents, Leases and Events apart"
QUIET = 5.0  # seconds without a write after which the operator has settled
POLICY = {
    "apiVersion": "agentops.dev/v1alpha1",
    "kind": "MaskingPolicy",
    "metadata": {"name": "bench"},
    "spec": {"packs": [{"name": "Email"}]},
}


@dataclass(frozen=True)
class Writes:
    """What an act cost.

    Attributes:
        own: writes of objects that belong to one Agent each, its status included.
        busiest: the shared object that was written most often, as `resource name`.
        busiest_writes: how often that was.
        seconds: from the act to the operator's last write.
    """

    own: int
    busiest: str
    busiest_writes: int
    seconds: float


def run(access: Access) -> Iterator[Figure]:
    """Yields the figures."""
    with namespace(access, NAME) as where:
        yield from _figures("create", _counted(access, lambda: _create(access, where)), 2.0)
        yield from _figures("policy change", _counted(access, lambda: access.apply(POLICY, namespace=where)), 2.0)
        touch = _counted(access, lambda: access.kubectl("label", "agents.agentops.dev", "--all", "-n", where, "touched=yes"))
        yield from _figures("label touch", touch, 0.0)
        yield from _figures("restart", _counted(access, lambda: _restart(access)), 0.0)


def _figures(name: str, writes: Writes, limit: float) -> Iterator[Figure]:
    yield at_most(GROUP, f"writes per Agent at {name}", writes.own / AGENTS, "writes", limit, METHOD)
    method = f"same; most written: {writes.busiest}" if writes.busiest else "same; none was written"
    shared = 1 + int(writes.seconds) if limit else 0
    yield at_most(GROUP, f"writes of one shared object at {name}", writes.busiest_writes, "writes", shared, method)


def _create(access: Access, where: str) -> None:
    add_agents(access, where, 0, AGENTS)
    wait_ready(access, where, AGENTS)


def _restart(access: Access) -> None:
    access.kubectl("rollout", "restart", "deployment/agentops-operator", "-n", NAMESPACE)
    access.kubectl("rollout", "status", "deployment/agentops-operator", "-n", NAMESPACE, "--timeout=120s")


def _counted(access: Access, act: Callable[[], object]) -> Writes:
    start, began = mark(access), time.monotonic()
    act()
    seconds = _settle(access) - began
    written = writes_by_object(access, start, namespaces=(NAMESPACE, NAME))
    counted = {key: count for key, count in written.items() if key[0] != "events"}
    shared = {" ".join(key): count for key, count in counted.items() if PREFIX not in key[1]}
    busiest = max(shared, key=lambda key: shared[key], default="")
    return Writes(sum(counted.values()) - sum(shared.values()), busiest, shared.get(busiest, 0), seconds)


def _settle(access: Access) -> float:
    """Returns when the last write was, once there was none for a while; the wait is part of the method, not of a figure."""
    before = -1
    quiet_since = time.monotonic()
    start = mark(access)
    while time.monotonic() - quiet_since < QUIET:
        now = sum(writes_since(access, start).values())
        if now != before:
            before, quiet_since = now, time.monotonic()
        time.sleep(0.5)
    return quiet_since
