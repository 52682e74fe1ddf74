"""Pod creation at an API server alone, with the chart's policies: no node, no operator, done in half a minute.

What it says of policies holds on a node as well: they run in the API server and nowhere else.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agentops_operator.agent.index import build_index
from agentops_operator.agent.index_types import Gateway, IndexEntry
from bench.figure import Figure
from bench.pod_create import ADMIN, CPU_METHOD, LARGEST, MATCHED, WARM_UP, Server, compare, cpu_per_create, open_connection
from tests.admission.apiserver import INDEXES, OPERATOR, PATIENCE, Api, install_policies, running

GROUP = "pod create, API server alone"
SIZES = (1, LARGEST)
PLAIN, WHERE, GOVERNED = "bench-plain", "bench-agents", "bench-gateway"
MORE = {"matched pod with a gateway": (GOVERNED, MATCHED)}


def run() -> Iterator[Figure]:
    """Yields the figures."""
    with tempfile.TemporaryDirectory() as place, running(Path(place)) as api:
        for name in (PLAIN, WHERE, GOVERNED):
            api.namespace(name)
        server = _connect(api)
        yield _without_us(server)
        install_policies(api)
        for size in SIZES:
            for where, gateway in ((WHERE, Gateway.NONE), (GOVERNED, Gateway.REFUSE)):
                _write_index(api, where, size, gateway)
                api.wait_until_injecting(where, _probe(size))
            yield from compare(server, WHERE, size, plain=PLAIN, group=GROUP, more=MORE)


def _without_us(server: Server) -> Figure:
    """What a pod costs where nothing of ours is installed, not even the policies that look at each pod's author."""
    kind = {"plain": (PLAIN, "other")}
    for _ in range(WARM_UP):
        server.create(*kind["plain"])
    (used,) = cpu_per_create(server, kind).values()
    return Figure(GROUP, "pod, CPU, nothing of ours installed", round(used, 2), "ms", method=CPU_METHOD)


def _write_index(api: Api, where: str, size: int, gateway: Gateway) -> None:
    rows = (
        (("", name), f"bench={name}", IndexEntry(agent=name, rules=f"agentops-rules-{name}", gateway=gateway).row())
        for name in (f"agent-{number:05d}" for number in range(size))
    )
    body = build_index(where, rows)
    api.apply(INDEXES.format(where), body, user=OPERATOR)


def _probe(size: int) -> dict[str, object]:
    """A pod that is injected when all entries are known."""
    labels = {"bench": f"agent-{size - 1:05d}"}
    return {"metadata": {"name": "probe", "labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}


def _connect(api: Api) -> Server:
    """A connection under an account that takes part in the API server's fair queues; an administrator does not."""
    account, binding = ADMIN
    api.apply("/api/v1/namespaces/default/serviceaccounts", account)
    api.apply("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    path = "/api/v1/namespaces/default/serviceaccounts/bench/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    status, answer = api.call("POST", path, request)
    assert status == 201, answer
    return _once_allowed(open_connection("127.0.0.1", api.port, answer["status"]["token"], api.process))


def _once_allowed(server: Server) -> Server:
    """Returns when the API server has seen the binding."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            server.create(PLAIN, "other")
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return server
