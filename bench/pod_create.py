"""What injection adds to the creation of a pod: server-side dry-run creates in interleaved pairs over one connection."""

import http.client
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlparse

from bench.figure import Figure, at_most, percentile
from tests.cluster.access import Access

GROUP = "pod create"
PAIRS = 300
WARM_UP = 30
LARGEST = 5000
LIMITS = {"unmatched": 0.5, "matched": 2.5}  # ms over a plain pod, at the largest size


ADMIN = [
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bench", "namespace": "default"}},
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "agentops-bench"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "bench", "namespace": "default"}],
    },
]


@dataclass
class Server:
    """One kept-alive connection to the API server as cluster admin."""

    connection: http.client.HTTPSConnection
    headers: dict[str, str]

    def create(self, where: str, labels: dict[str, str]) -> float:
        """Milliseconds that a dry-run create takes; raises when it is refused."""
        body = json.dumps(_pod(labels))
        began = time.perf_counter()
        self.connection.request("POST", f"/api/v1/namespaces/{where}/pods?dryRun=All", body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != http.client.CREATED:
            raise RuntimeError(text.decode()[:500])
        return took


def compare(server: Server, where: str, size: int) -> Iterator[Figure]:
    """Yields the figures for a namespace with so many Agents.

    A plain pod is one of a namespace without index, so nothing of ours looks at it.
    """
    kinds = {
        "plain": ("default", {"bench": "other"}),
        "unmatched": (where, {"bench": "other"}),
        "matched": (where, {"bench": "agent-00000"}),
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn in range(PAIRS + WARM_UP):
        for kind, (target, labels) in kinds.items():
            took = server.create(target, labels)
            if turn >= WARM_UP:
                times[kind].append(took)
    plain = percentile(times["plain"], 50)
    yield Figure(GROUP, f"plain pod, p50 ({size} agents)", round(plain, 2), "ms", method=f"{PAIRS} interleaved dry-run creates")
    for kind, limit in LIMITS.items():
        differences = [mine - base for mine, base in zip(times[kind], times["plain"], strict=True)]
        added = percentile(differences, 50)
        name = f"{kind} pod, added p50 ({size} agents)"
        method = f"median of {PAIRS} paired differences to a plain pod"
        largest = size == LARGEST
        yield (
            at_most(GROUP, name, added, "ms", limit, method)
            if largest
            else Figure(GROUP, name, round(added, 2), "ms", method=method)
        )


def _pod(labels: dict[str, str]) -> dict[str, object]:
    container = {"name": "agent", "image": "agent:1", "env": [{"name": "A", "value": "b"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "bench-", "labels": labels},
        "spec": {"containers": [container]},
    }


def connect(access: Access) -> Server:
    """A fresh connection, as the API server closes idle ones, under an account that takes part in its fair queues."""
    access.apply(*ADMIN)
    url = urlparse(access.kubectl("config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}"))
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # our own cluster; what is measured is the request
    token = access.kubectl("create", "token", "bench", "-n", "default", "--duration=2h").strip()
    connection = http.client.HTTPSConnection(url.hostname or "", url.port, context=context)
    return Server(connection, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
