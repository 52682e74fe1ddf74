"""The operator goes and comes back: it writes nothing, and pods are injected and masked meanwhile."""

import re
import time
import urllib.request
from collections import Counter

import pytest

from bench.meter import Mark, mark, writes_since
from demo.install import NAMESPACE
from tests.cluster.access import Access
from tests.cluster.evidence import has_sidecar, pods, spans
from tests.cluster.test_first_agent import KEY

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
LABEL = "app.kubernetes.io/name=agentops-operator"
OPERATOR = ("-n", NAMESPACE, "-l", LABEL)
CALM = 8.0  # seconds
DEPLOYMENT = ("deployment/agentops-operator", "-n", NAMESPACE)


def test_restart_over_an_unchanged_cluster_writes_nothing(product: Access, namespace: str) -> None:
    """A killed operator is replaced, looks at everything, and finds nothing to write."""
    product.first_agent(namespace)
    product.until_condition("agents", "first-agent", namespace, Ready="True", Enforced="True")
    # Prometheus is asked twice a minute, and at once after a restart: what it had to say must be said before.
    product.until("alert rules", lambda: product.conditions("agents", "first-agent", namespace)["Alerting"], settled)
    start = calm(product, namespace)
    product.kubectl("delete", "pod", *OPERATOR, "--grace-period=1")
    product.kubectl("rollout", "status", *DEPLOYMENT, "--timeout=120s")
    product.until("a pass over all objects", lambda: metrics(product), lambda text: passed(text, namespace))
    assert writes(product, start, namespace) == {}
    seen = product.conditions("agents", "first-agent", namespace)
    assert {seen[type_]["status"] for type_ in ("Ready", "Programmed", "Enforced", "Covered")} == {"True"}


def test_pods_are_injected_and_masked_without_the_operator(product: Access, namespace: str) -> None:
    """While no operator runs, a new pod gets its sidecar, masks by the rules of its Agent and is stored as its Agent."""
    product.first_agent(namespace)
    product.until_condition("agents", "first-agent", namespace, Ready="True", Enforced="True")
    [old] = pods(product, namespace)
    try:
        product.kubectl("scale", *DEPLOYMENT, "--replicas=0")
        product.until("no operator", lambda: product.get("pods", *OPERATOR)["items"], lambda found: not found)
        product.kubectl("delete", "pod", old["metadata"]["name"], "-n", namespace, "--wait=false")
        [new] = product.until("a new pod", lambda: pods(product, namespace), lambda found: len(found) == 1 and found != [old])
        assert has_sidecar(new)
        name = new["metadata"]["name"]
        stored = product.until("its spans", lambda: of_pod(product, namespace, name), lambda found: "[EMAIL" in found)
        assert KEY not in stored
    finally:
        product.kubectl("scale", *DEPLOYMENT, "--replicas=1")
        product.kubectl("rollout", "status", *DEPLOYMENT, "--timeout=120s")
    product.until_condition("agents", "first-agent", namespace, Ready="True", Enforced="True", Covered="True")


def settled(alerting: dict[str, str]) -> bool:
    """Whether Prometheus has loaded the rules, or is known not to answer."""
    return alerting["reason"] in ("RulesLoaded", "PrometheusMissing")


def writes(product: Access, start: Mark, namespace: str) -> Counter[str]:
    """What the operator wrote there and in its own namespace; other namespaces may change at any time."""
    return writes_since(product, start, namespaces={namespace, NAMESPACE})


def calm(product: Access, namespace: str) -> Mark:
    """Waits until the operator has written nothing for a while: what went before is not the restart's doing."""
    start, began = mark(product), time.monotonic()

    def seconds() -> float:
        nonlocal start, began
        if writes(product, start, namespace):
            start, began = mark(product), time.monotonic()
        return time.monotonic() - began

    product.until("calm", seconds, lambda passed: passed > CALM, patience=240)
    return start


def of_pod(product: Access, namespace: str, pod: str) -> str:
    """Stored spans of one pod, as text."""
    return str([span for span in spans(product, namespace) if span["resource"]["k8s.pod.name"] == pod])


def metrics(product: Access) -> str:
    """Metrics of the operator that runs; nothing while none does."""
    addresses = [pod["status"].get("podIP", "") for pod in pods(product, NAMESPACE, "-l", LABEL)]
    try:
        with urllib.request.urlopen(f"http://{addresses[0]}:8080/metrics", timeout=5) as answer:
            return str(answer.read().decode())
    except (OSError, IndexError, ValueError):
        return ""


def passed(text: str, namespace: str) -> bool:
    """Whether the Agent and both of its policies were judged, and nothing waits."""
    judged = set(re.findall(rf'^agentops_condition{{kind="(\w+)",.*namespace="{namespace}",type="Enforced"}} 1.0$', text, re.M))
    waiting = sum(float(depth) for depth in re.findall(r"^workqueue_depth\S* (\S+)$", text, re.M))
    return judged == {"Agent", "MaskingPolicy", "TracePolicy"} and waiting == 0
