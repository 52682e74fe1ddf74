"""The main job: an agent that knows nothing of us is traced, masked in its own pod, and shown truthfully."""

import pytest

from tests.cluster.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
KEY = "sk-proj-Zq8Zq8Zq8"
MAIL = "jane.doe@example.com"


def test_planted_secret_is_stored_masked_and_agent_is_traced(product: Access, namespace: str) -> None:
    """Spans of an unchanged agent arrive masked, and the Agent says `1/1` only once the sidecar reports its rules."""
    product.first_agent(namespace)
    product.until_condition("agents", "first-agent", namespace, Ready="True", Enforced="True", Covered="True")
    stored = product.until(
        "stored spans", lambda: product.traces(namespace, "first-agent"), lambda text: "gen_ai.input.messages" in text
    )
    assert KEY not in stored
    assert MAIL not in stored
    assert "[EMAIL" in stored
    assert product.get("agents.agentops.dev", "first-agent", "-n", namespace)["status"]["traced"] == "1/1"
    product.until_condition("maskingpolicies", "default", namespace, Accepted="True", Programmed="True", Enforced="True")
    product.until_condition("tracepolicies", "default", namespace, Accepted="True", Programmed="True", Enforced="True")


def test_pod_that_ran_before_its_agent_is_reported_not_touched(product: Access, namespace: str) -> None:
    """A pod without the sidecar is counted and named; after a restart by its owner it is covered."""
    product.first_agent(namespace, policies_first=False)
    product.until_condition("agents", "first-agent", namespace, Covered="False/RestartRequired", Enforced="False/NotCovered")
    product.wait_for_entry(namespace, "Deployment/first-agent")
    product.kubectl("rollout", "restart", "deployment/first-agent", "-n", namespace)
    product.until_condition("agents", "first-agent", namespace, Covered="True", Enforced="True")
