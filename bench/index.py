"""Injection indexes of any size, written under the operator's name so that a benchmark needs no Agents."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from agentops_operator.agent.index import build_index
from bench.meter import OPERATOR
from tests.cluster.access import Access

ADMIN = [
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bench", "namespace": "default"}},
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "agentops-bench"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "bench", "namespace": "default"}],
    },
]


@contextmanager
def impersonated_index(access: Access, where: str, size: int) -> Iterator[None]:
    """An index with so many entries `bench=agent-00000` and on."""
    access.apply(*ADMIN)
    entry = {"agent": "agent", "rules": "agent-rules-1a2b3c4d", "capture": "true"}
    rows = [
        (("2026", f"{number:05d}"), f"bench=agent-{number:05d}", {**entry, "agent": f"agent-{number:05d}"})
        for number in range(size)
    ]
    body = json.dumps(build_index(where, rows))
    access.kubectl("create", "--as", OPERATOR, "-n", where, "-f", "-", stdin=body)
    try:
        yield
    finally:
        access.kubectl("delete", "clusterrolebinding", "agentops-bench", "--ignore-not-found")
