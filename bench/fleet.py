"""Many Agents at once, made and removed fast."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.cluster.access import Access

PREFIX = "agent-"  # of the Agents' names
CHUNK = 250  # objects in one `kubectl apply`


def agent(number: int) -> dict[str, Any]:
    """An Agent that no pod matches."""
    return {
        "apiVersion": "agentops.dev/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": f"{PREFIX}{number:05d}"},
        "spec": {"podSelector": {"matchLabels": {"bench": f"{PREFIX}{number:05d}"}}},
    }


@contextmanager
def namespace(access: Access, name: str) -> Iterator[str]:
    """A namespace that is gone afterwards, with everything in it."""
    access.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        yield name
    finally:
        access.kubectl("delete", "namespace", name, "--wait=true", "--timeout=300s")


def add_agents(access: Access, where: str, first: int, last: int) -> None:
    """Applies Agents number `first` to `last - 1`, several chunks at a time."""
    chunks = [range(start, min(start + CHUNK, last)) for start in range(first, last, CHUNK)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda numbers: access.apply(*(agent(n) for n in numbers), namespace=where), chunks))


def ready_agents(access: Access, where: str) -> int:
    """Agents of the namespace that are Ready."""
    path = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'
    return access.kubectl("get", "agents.agentops.dev", "-n", where, "-o", f"jsonpath={path}").split().count("True")


def wait_ready(access: Access, where: str, count: int, patience: float = 600) -> None:
    """Waits until so many Agents are Ready."""
    access.until(f"{count} Agents ready in {where}", lambda: ready_agents(access, where), lambda n: n >= count, patience)
