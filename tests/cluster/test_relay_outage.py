"""The relay goes and comes back: sidecars keep what it missed, and agents do not notice."""

from datetime import datetime
from typing import Any

import pytest

from demo.install import NAMESPACE
from tests.cluster.access import Access
from tests.cluster.evidence import NUMBER, numbers, pods, restarts, spans, whole_after

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
RELAY = "agentops-relay-0"


def test_spans_of_an_outage_are_stored_afterwards(product: Access, namespace: str) -> None:
    """Spans made while there was no relay are stored when it is back, the agent sees no error, and Enforced recovers."""
    product.first_agent(namespace)
    product.until_condition("agents", "first-agent", namespace, Enforced="True")
    product.until("spans before", lambda: numbers(product, namespace), lambda found: len(found) > 2)
    old = product.get("pod", RELAY, "-n", NAMESPACE)["metadata"]["uid"]
    product.kubectl("delete", "pod", RELAY, "-n", NAMESPACE)
    relay = product.until("the relay", lambda: relay_pod(product), lambda pod: ready(pod) and pod["metadata"]["uid"] != old)
    back = ready_at(relay)
    product.until("spans after", lambda: spans(product, namespace), lambda found: max(map(started, found), default=0) > back)
    missed = max(int(span["attributes"][NUMBER]) for span in spans(product, namespace) if started(span) < back)
    product.until("every span", lambda: numbers(product, namespace), whole_after(missed))
    product.until_condition("agents", "first-agent", namespace, Enforced="True", Programmed="True")
    [pod] = pods(product, namespace)
    assert restarts(pod) == 0
    assert "span " not in product.kubectl("logs", pod["metadata"]["name"], "-c", "agent", "-n", namespace)


def relay_pod(product: Access) -> dict[str, Any]:
    """The relay's pod, or nothing while there is none."""
    found = product.get("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=agentops-relay")["items"]
    return next(iter(found), {})


def _condition(pod: dict[str, Any]) -> dict[str, Any]:
    return next((entry for entry in pod.get("status", {}).get("conditions", []) if entry["type"] == "Ready"), {})


def ready(pod: dict[str, Any]) -> bool:
    """Whether the pod takes requests."""
    return _condition(pod).get("status") == "True"


def ready_at(pod: dict[str, Any]) -> float:
    """When it began to, in seconds."""
    return datetime.fromisoformat(_condition(pod)["lastTransitionTime"]).timestamp()


def started(span: dict[str, Any]) -> float:
    """When a span began, in seconds."""
    return int(span["startTimeUnixNano"]) / 1e9
