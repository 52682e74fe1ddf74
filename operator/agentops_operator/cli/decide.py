"""Finding a held run on the API server, and writing a decision on it."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.cli import exits, paths
from agentops_operator.cli.holds import report

if TYPE_CHECKING:
    from agentops_operator.cli.cluster import Cluster

PAUSE = 0.3


def read_holds(cluster: "Cluster", namespace: str) -> list[dict[str, Any]]:
    """RunHolds of a namespace, or of all when it is empty, the oldest first."""
    bodies = cluster.readable_list(paths.ours(RUN_HOLD.kind, namespace))
    if bodies is None:
        raise exits.Unreachable(f"your rights do not allow to list RunHolds {f'in {namespace}' if namespace else 'everywhere'}")
    return sorted(bodies, key=lambda body: (body["metadata"]["namespace"], body["metadata"]["creationTimestamp"]))


def find(cluster: "Cluster", name: str) -> dict[str, Any]:
    """The RunHold of this name, else the newest one of the run with this id."""
    bodies = read_holds(cluster, cluster.namespace)
    found = [body for body in bodies if name in (body["metadata"]["name"], body["spec"]["run"])]
    if not found:
        raise exits.Usage(f"{cluster.namespace} has no held run {name}; a run that is not held cannot be decided on")
    agents = sorted({body["spec"]["agent"] for body in found})
    if len(agents) > 1:
        names = ", ".join(body["metadata"]["name"] for body in found)
        raise exits.Usage(f"several Agents have a run {name}: name the RunHold ({names})")
    return max(found, key=lambda body: int(body["spec"]["number"]))


def settled(cluster: "Cluster", path: str, wait: int) -> dict[str, Any]:
    """The hold once the operator said what came of the decision, or as it is when the time is over."""
    end = time.monotonic() + wait
    while True:
        body = cluster.readable(path)
        if not body:
            raise exits.Unreachable("the RunHold was deleted meanwhile")
        if _answered(body) or time.monotonic() >= end:
            return report(body)
        time.sleep(PAUSE)


def _answered(body: Mapping[str, Any]) -> bool:
    entries = (body.get("status") or {}).get("conditions") or []
    newest = {e["type"]: e["status"] for e in entries if e.get("observedGeneration") == body["metadata"].get("generation")}
    return newest.get("Accepted") == "False" or newest.get("Programmed") == "True"
