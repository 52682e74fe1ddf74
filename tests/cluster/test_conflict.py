"""Two Agents claim one workload."""

import pytest

from tests.cluster.access import Access
from tests.cluster.evidence import annotation, pods
from tests.cluster.shapes import agent, workload

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def test_older_agent_wins_until_it_is_deleted(product: Access, namespace: str) -> None:
    """The younger Agent says Conflicted and names both; when the older one goes, the younger one takes over."""
    target = {"targetRef": {"kind": "Deployment", "name": "contested"}}
    product.apply(agent("a-older", **target), namespace=namespace)
    product.wait_for_entry(namespace, "Deployment/contested")
    product.apply(agent("b-younger", **target), workload("Deployment", "contested"), namespace=namespace)
    seen = product.until_condition("agents", "b-younger", namespace, Accepted="False/Conflicted", Ready="False/Conflicted")
    assert "a-older" in seen["Accepted"]["message"]
    assert "b-younger" in seen["Accepted"]["message"]
    product.until_condition("agents", "a-older", namespace, Ready="True", Covered="True/AllPodsInjected")
    assert annotation(pods(product, namespace)[0], "agent") == "a-older"
    product.kubectl("delete", "agents.agentops.dev", "a-older", "-n", namespace)
    # The pod still speaks in the name of the Agent that is gone.
    product.until_condition("agents", "b-younger", namespace, Accepted="True", Covered="False/RestartRequired")
    product.kubectl("delete", "pod", "-l", "app=contested", "-n", namespace, "--wait=false")
    product.until_condition("agents", "b-younger", namespace, Ready="True", Covered="True/AllPodsInjected")
    assert annotation(pods(product, namespace)[0], "agent") == "b-younger"
