"""How fast the operator programs Agents, what CPU one costs, and how much memory many take."""

import time
from collections.abc import Iterator

from bench.audit_tail import AuditTail
from bench.figure import Figure, at_least, at_most
from bench.fleet import add_agents, namespace, wait_ready
from bench.meter import mark, operator_metric, writes_since
from bench.pod_create import compare, connect
from tests.cluster.access import Access

GROUP = "operator"
FLEET = 1000
LARGE_FLEET = 5000
CPU = "process_cpu_seconds_total"
RSS = "process_resident_memory_bytes"
MIB = 2**20


def run(access: Access) -> Iterator[Figure]:
    """Yields the figures."""
    with namespace(access, "bench-speed") as where:
        yield from _one_agent(access, where)
        start, cpu, tail = mark(access), operator_metric(access, CPU), AuditTail(access.cluster.audit_log)
        began = time.monotonic()
        add_agents(access, where, 1, FLEET + 1)
        tail.wait_for(FLEET)
        wait_ready(access, where, FLEET + 1)
        took = time.monotonic() - began
        method = f"{FLEET} Agents without pods in one namespace, from the first apply until all are Ready, client included"
        yield at_least(GROUP, "Agents programmed a second", FLEET / took, "1/s", 60, method)
        used = (operator_metric(access, CPU) - cpu) / FLEET * 1000
        yield Figure(GROUP, "CPU per Agent", round(used, 2), "ms", method=f"{CPU} of the operator over the same run")
        index_writes = writes_since(access, start)["injectionindexes"]
        yield at_most(GROUP, "index writes a second", index_writes / took, "1/s", 1.0, "same run, audit log")
        yield Figure(GROUP, f"RSS at {FLEET} Agents", round(operator_metric(access, RSS) / MIB, 1), "MiB", method=RSS)
        yield from compare(connect(access), where, FLEET)
        tail = AuditTail(access.cluster.audit_log)
        add_agents(access, where, FLEET + 1, LARGE_FLEET)
        tail.wait_for(LARGE_FLEET - FLEET - 1)
        wait_ready(access, where, LARGE_FLEET)
        yield at_most(GROUP, f"RSS at {LARGE_FLEET} Agents", operator_metric(access, RSS) / MIB, "MiB", 190, RSS)
        yield from compare(connect(access), where, LARGE_FLEET)


def _one_agent(access: Access, where: str) -> Iterator[Figure]:
    add_agents(access, where, 0, 1)
    wait_ready(access, where, 1)
    access.wait_for_entry(where, "bench=agent-00000")
    yield from compare(connect(access), where, 1)
