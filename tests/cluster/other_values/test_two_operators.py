"""Two operators: one works, and the other one takes over when it is killed."""

import urllib.request
from typing import Any

import pytest

from demo.install import NAMESPACE
from tests.cluster.access import Access
from tests.cluster.test_operator_restart import calm, passed, settled, writes

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
LEASE = ("lease", "agentops-operator", "-n", NAMESPACE)


def test_other_operator_takes_over_and_writes_nothing(product: Access, place: str) -> None:
    """The leader's pod is killed: the other one gets the Lease, looks at everything, and has nothing to write."""
    product.until_condition("agents", "first-agent", place, Ready="True", Enforced="True")
    product.until("alert rules", lambda: product.conditions("agents", "first-agent", place)["Alerting"], settled)
    start, before = calm(product, place), lease(product)
    assert before["holderIdentity"] in ready_operators(product)
    product.kubectl("delete", "pod", before["holderIdentity"], "-n", NAMESPACE, "--force", "--grace-period=0")
    after = product.until("another leader", lambda: lease(product), lambda now: holds(now, before), patience=60)
    assert after["leaseTransitions"] > before["leaseTransitions"]
    product.until("its pass over all objects", lambda: metrics(product), lambda text: passed(text, place))
    assert writes(product, start, place) == {}
    product.until("two operators", lambda: ready_operators(product), lambda names: len(names) == 2)


def lease(product: Access) -> dict[str, Any]:
    """Who leads."""
    spec: dict[str, Any] = product.get(*LEASE)["spec"]
    return spec


def holds(now: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether another one holds it."""
    return bool(now["holderIdentity"]) and now["holderIdentity"] != before["holderIdentity"]


def ready_operators(product: Access) -> dict[str, str]:
    """Address of each operator that answers its probes, by its pod's name."""
    found = product.get("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=agentops-operator")["items"]
    return {
        pod["metadata"]["name"]: pod["status"]["podIP"]
        for pod in found
        if "deletionTimestamp" not in pod["metadata"]
        and all(one["ready"] for one in pod["status"].get("containerStatuses", [{"ready": False}]))
    }


def metrics(product: Access) -> str:
    """Metrics of the leader; nothing while it is none."""
    address = ready_operators(product).get(lease(product)["holderIdentity"], "")
    try:
        with urllib.request.urlopen(f"http://{address}:8080/metrics", timeout=5) as answer:
            return str(answer.read().decode())
    except (OSError, ValueError):
        return ""
