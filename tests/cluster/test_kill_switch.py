"""Injection switched off, for a namespace and for the cluster, and on again."""

import pytest
import yaml

from tests.cluster.access import Access
from tests.cluster.evidence import as_admitted, has_sidecar, pods
from tests.cluster.shapes import agent, pod, workload

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
BINDING = ("mutatingadmissionpolicybindings.admissionregistration.k8s.io", "agentops-inject")


def test_namespace_is_switched_off_and_on(product: Access, namespace: str) -> None:
    """Under the label pods start without sidecar and the Agent says so; without it the next pod is covered."""
    bare = pod("switched", labels={"app": "x"})
    selecting = agent("bare", podSelector={"matchLabels": {"app": "x"}})
    product.apply(agent("switched", "Deployment"), selecting, namespace=namespace)
    for key in ("Deployment/switched", "app=x"):
        product.wait_for_entry(namespace, key)
    product.kubectl("label", "namespace", namespace, "agentops.dev/injection=Disabled")
    product.until("the label", lambda: would_have_sidecar(product, namespace, bare), lambda there: not there)
    product.apply(workload("Deployment", "switched"), namespace=namespace)
    product.until_condition("agents", "switched", namespace, Covered="False", Enforced="False/NotCovered")
    product.until("running", lambda: pods(product, namespace), lambda found: bool(found) and phase(found[0]) == "Running")
    product.kubectl("label", "namespace", namespace, "agentops.dev/injection-")
    product.until("no label", lambda: would_have_sidecar(product, namespace, bare), lambda there: there)
    product.kubectl("delete", "pod", "-l", "app=switched", "-n", namespace, "--wait=false")
    product.until_condition("agents", "switched", namespace, Covered="True/AllPodsInjected", Ready="True")
    assert has_sidecar(pods(product, namespace)[0])


def test_cluster_is_switched_off_and_on_by_the_binding(product: Access, namespace: str) -> None:
    """Without the binding pods are created as they are; with it again they get the sidecar. Nothing else is to be done."""
    product.apply(agent("bare"), namespace=namespace)
    product.wait_for_entry(namespace, "Pod/bare")
    assert would_have_sidecar(product, namespace, pod("bare"))
    binding = product.get(*BINDING)
    kept = {"metadata": {key: binding["metadata"][key] for key in ("name", "labels", "annotations")}}
    product.kubectl("delete", *BINDING)
    try:
        product.until("switched off", lambda: would_have_sidecar(product, namespace, pod("bare")), lambda there: not there)
    finally:
        product.kubectl("create", "-f", "-", stdin=yaml.safe_dump({**binding, **kept}))
    product.until("switched on", lambda: would_have_sidecar(product, namespace, pod("bare")), lambda there: there)


def would_have_sidecar(product: Access, namespace: str, obj: dict[str, object]) -> bool:
    """Whether admission would inject this pod now; nothing is created."""
    return has_sidecar(as_admitted(product, namespace, obj))


def phase(found: dict[str, dict[str, str]]) -> str:
    """Phase of a pod."""
    return found["status"]["phase"]
