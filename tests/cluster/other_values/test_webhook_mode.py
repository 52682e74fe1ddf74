"""Injection by the webhook, and the way from it to the policy."""

from typing import Any

import pytest

from demo.install import NAMESPACE
from tests.cluster.access import Access
from tests.cluster.evidence import has_sidecar, pods
from tests.cluster.other_values.conftest import PLACE, Release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
WEBHOOK = ("deployment/agentops-webhook", "-n", NAMESPACE)
RESTART = ("rollout", "restart", "deployment/first-agent", "-n", PLACE)


def test_webhook_injects_and_agent_is_traced(product: Access, place: str) -> None:
    """Without any mutating policy the pod gets its sidecar, reports, and is shown as 1/1."""
    assert "agentops-inject" not in product.kubectl("get", "mutatingadmissionpolicies", "-o", "name")
    product.until_condition("agents", "first-agent", place, Ready="True", Enforced="True", Covered="True/AllPodsInjected")
    assert product.get("agents.agentops.dev", "first-agent", "-n", place)["status"]["traced"] == "1/1"


def test_pods_start_without_sidecar_while_no_webhook_answers(product: Access, place: str) -> None:
    """With both pods away a new agent starts at once and is counted; with them again a restart covers it."""
    product.kubectl("scale", *WEBHOOK, "--replicas=0")
    try:
        product.until("no webhook", lambda: webhooks(product), lambda names: not names)
        product.kubectl(*RESTART)
        product.kubectl("rollout", "status", "deployment/first-agent", "-n", place, "--timeout=120s")
        seen = product.until_condition("agents", "first-agent", place, Covered="False/RestartRequired")
        assert "Enforced" in seen
    finally:
        product.kubectl("scale", *WEBHOOK, "--replicas=2")
        product.kubectl("rollout", "status", *WEBHOOK, "--timeout=120s")
    product.kubectl(*RESTART)
    product.until_condition("agents", "first-agent", place, Ready="True", Covered="True/AllPodsInjected")


def test_move_to_the_policy_is_one_upgrade(product: Access, release: Release, place: str) -> None:
    """After it, which here changes relay and operators too, there is no webhook, and new pods are injected as before."""
    release.put_back()
    assert "agentops-inject" not in product.kubectl("get", "mutatingwebhookconfigurations", "-o", "name")
    product.until("no webhook", lambda: webhooks(product), lambda names: not names)
    [old] = pods(product, place)
    product.kubectl(*RESTART)
    [new] = product.until("the next pod", lambda: pods(product, place), lambda found: alone(found, old))
    assert has_sidecar(new)
    product.until_condition("agents", "first-agent", place, Ready="True", Covered="True/AllPodsInjected", Enforced="True")


def alone(found: list[dict[str, Any]], old: dict[str, Any]) -> bool:
    """Whether another pod stands in the place of the old one."""
    return [pod["metadata"]["uid"] != old["metadata"]["uid"] for pod in found] == [True]


def webhooks(product: Access) -> str:
    """Names of the webhook's pods."""
    return product.kubectl("get", "pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=agentops-webhook", "-o", "name")
