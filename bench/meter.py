"""What the API server and the operator say of themselves while a benchmark runs."""

import json
import re
import urllib.request
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass

from demo.install import NAMESPACE
from tests.cluster.access import Access

OPERATOR = f"system:serviceaccount:{NAMESPACE}:agentops-operator"
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
NOT_COUNTED = frozenset({"leases"})  # the Lease is written by time, whatever happens


@dataclass(frozen=True)
class Mark:
    """A place in the audit log."""

    offset: int


def mark(access: Access) -> Mark:
    """Where the audit log ends now."""
    return Mark(access.cluster.audit_log.stat().st_size)


def writes_since(access: Access, start: Mark, user: str = OPERATOR, namespaces: Container[str] | None = None) -> Counter[str]:
    """Writes of an account by resource, as `resource` or `resource/subresource`; in these namespaces, or in all."""
    counted: Counter[str] = Counter()
    for (resource, _), writes in writes_by_object(access, start, user, namespaces).items():
        counted[resource] += writes
    return counted


def writes_by_object(
    access: Access, start: Mark, user: str = OPERATOR, namespaces: Container[str] | None = None
) -> Counter[tuple[str, str]]:
    """The same by resource and name of the object."""
    counted: Counter[tuple[str, str]] = Counter()
    with access.cluster.audit_log.open("rb") as log:
        log.seek(start.offset)
        for line in log:
            if user.encode() not in line:
                continue
            entry = json.loads(line)
            ref = entry.get("objectRef", {})
            ours = entry["user"]["username"] == user and entry["verb"] in WRITES
            ours = ours and (namespaces is None or ref.get("namespace") in namespaces)
            if ours and entry["stage"] == "ResponseComplete" and ref.get("resource") not in NOT_COUNTED:
                counted["/".join(filter(None, (ref.get("resource"), ref.get("subresource")))), ref.get("name", "")] += 1
    return counted


def operator_metric(access: Access, name: str) -> float:
    """A metric without labels of the operator's leading pod."""
    pods = access.get("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=agentops-operator")["items"]
    values = [_scrape(pod["status"]["podIP"], name) for pod in pods if pod["status"].get("podIP")]
    return max(values)


def _scrape(address: str, name: str) -> float:
    with urllib.request.urlopen(f"http://{address}:8080/metrics", timeout=10) as answer:
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0
