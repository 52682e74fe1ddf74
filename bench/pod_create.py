"""What injection adds to the creation of a pod: server-side dry-run creates in interleaved turns over one connection.

Two measures, because this machine is never idle:
- milliseconds that a client waits: the median of the paired differences between creates of the same turn. A busy machine
  inflates them all.
- CPU of the API server's process per create, in blocks of one kind that take turns: the median over the blocks. Other
  processes count only as far as they take caches away, so this one tells whether a policy became dearer or the machine was
  busy. The median leaves out the few blocks into which a garbage collection falls; it would be most of the noise.
"""

import http.client
import itertools
import json
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from bench.figure import Figure, at_most, percentile
from devcluster.processes import recorded
from tests.cluster.access import Access

GROUP = "pod create"
PAIRS = 300
BLOCK = 20  # creates of one kind in a row
BLOCKS = 40
WARM_UP = 60
LARGEST = 5000
LIMITS = {"unmatched": 0.5, "matched": 2.5}  # ms over a plain pod, at the largest size
MATCHED = "agent-00000"
CPU_METHOD = f"CPU of the API server's process, median of {BLOCKS} blocks of {BLOCK} creates"

Kinds = Mapping[str, tuple[str, str]]  # name of the kind -> namespace, value of the label

ADMIN = [
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bench", "namespace": "default"}},
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "agentops-bench-edit"},
        # What `edit` is put together from, by a controller that an API server alone has not.
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:aggregate-to-edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "bench", "namespace": "default"}],
    },
]


@dataclass
class Server:
    """One kept-alive connection to an API server, and the id of its process on this machine."""

    connection: http.client.HTTPSConnection
    headers: dict[str, str]
    process: int

    def create(self, where: str, label: str) -> float:
        """Milliseconds that a dry-run create takes; raises when it is refused."""
        body = json.dumps(_pod(label))
        began = time.perf_counter()
        self.connection.request("POST", f"/api/v1/namespaces/{where}/pods?dryRun=All", body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != http.client.CREATED:
            raise RuntimeError(text.decode()[:500])
        return took

    def cpu(self) -> float:
        """Milliseconds of CPU that its threads have used: process_cpu_seconds_total in finer steps than 10 ms."""
        threads = Path(f"/proc/{self.process}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e6


def compare(
    server: Server, where: str, size: int, *, plain: str = "default", group: str = GROUP, more: Kinds | None = None
) -> Iterator[Figure]:
    """Yields the figures for a namespace with so many Agents.

    Args:
        server: the API server.
        where: the namespace with the Agents.
        size: how many they are.
        plain: a namespace without index; nothing of ours looks up its pods.
        group: where the figures belong.
        more: pods of more kinds that are compared with a plain one.
    """
    kinds = {"plain": (plain, "other"), "unmatched": (where, "other"), "matched": (where, MATCHED), **(more or {})}
    for _, kind in zip(range(WARM_UP), itertools.cycle(kinds), strict=False):
        server.create(*kinds[kind])
    times = _times(server, kinds)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    cpu = cpu_per_create(server, kinds)
    base = percentile(times["plain"], 50)
    yield Figure(
        group, f"plain pod, p50 ({size} agents)", round(base, 2), "ms", method=f"{PAIRS} interleaved dry-run creates, {load}"
    )
    yield Figure(group, f"plain pod, CPU ({size} agents)", round(cpu["plain"], 2), "ms", method=CPU_METHOD)
    for kind in (*LIMITS, *(more or ())):
        added = percentile([mine - other for mine, other in zip(times[kind], times["plain"], strict=True)], 50)
        yield _added(group, kind, size, added, f"median of {PAIRS} paired differences to a plain pod, {load}")
        name, difference = f"{_titled(kind)}, added CPU ({size} agents)", cpu[kind] - cpu["plain"]
        yield Figure(group, name, round(difference, 2), "ms", method=f"{CPU_METHOD}, less a plain one's")


def _titled(kind: str) -> str:
    return kind if "pod" in kind else f"{kind} pod"


def _added(group: str, kind: str, size: int, added: float, method: str) -> Figure:
    name = f"{_titled(kind)}, added p50 ({size} agents)"
    if size == LARGEST and kind in LIMITS:
        return at_most(group, name, added, "ms", LIMITS[kind], method)
    return Figure(group, name, round(added, 2), "ms", method=method)


def _times(server: Server, kinds: Kinds) -> dict[str, list[float]]:
    """Milliseconds of each create; a turn has one of each kind, and each kind is first equally often."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    order = list(kinds)
    for _ in range(PAIRS):
        for kind in order:
            times[kind].append(server.create(*kinds[kind]))
        order.append(order.pop(0))
    return times


def cpu_per_create(server: Server, kinds: Kinds) -> dict[str, float]:
    """Milliseconds of CPU per create."""
    used: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _, kind in itertools.product(range(BLOCKS), kinds):
        before = server.cpu()
        for _ in range(BLOCK):
            server.create(*kinds[kind])
        used[kind].append((server.cpu() - before) / BLOCK)
    return {kind: percentile(blocks, 50) for kind, blocks in used.items()}


def _pod(label: str) -> dict[str, object]:
    container = {"name": "agent", "image": "agent:1", "env": [{"name": "A", "value": "b"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "bench-", "labels": {"bench": label}},
        "spec": {"containers": [container]},
    }


def connect(access: Access) -> Server:
    """A fresh connection, as the API server closes idle ones, under an account that takes part in its fair queues."""
    access.apply(*ADMIN)
    url = urlparse(access.kubectl("config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}"))
    token = access.kubectl("create", "token", "bench", "-n", "default", "--duration=2h").strip()
    (process,) = (found.pid for found in recorded(access.cluster) if found.name == "kube-apiserver")
    return open_connection(url.hostname or "", url.port or 443, token, process)


def open_connection(host: str, port: int, token: str, process: int) -> Server:
    """A connection to an API server of ours."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # our own cluster; what is measured is the request
    connection = http.client.HTTPSConnection(host, port, context=context)
    return Server(connection, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, process)
