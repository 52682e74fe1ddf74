"""Mistakes are refused with one clear message, or said in a condition; what is valid beside them is not disturbed."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import refused
from tests.cluster.shapes import agent, custom, workload

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
NAMESPACE = "e2e-bad-input"
RULE = {"name": "order", "canary": "ORD-1"}
MANY = [{"name": f"r{number}", "regex": f"R{number}", "canary": f"R{number}"} for number in range(65)]
REFUSED = {
    "unknown preset": (custom("TracePolicy", "bad", backends=[{"name": "x", "preset": "nosuch"}]), 'Unsupported value: "nosuch"'),
    "endpoint missing": (custom("TracePolicy", "bad", backends=[{"name": "x"}]), "endpoint must be given"),
    "foreign Secret": (
        custom(
            "TracePolicy",
            "bad",
            backends=[{"name": "x", "preset": "langfuse", "credentials": {"secretName": "db-password", "key": "p"}}],
        ),
        "secretName",
    ),
    "invalid regex": (custom("MaskingPolicy", "bad", rules=[{**RULE, "regex": "ORD-("}]), "regex must be valid RE2"),
    "regex for nothing": (custom("MaskingPolicy", "bad", rules=[{**RULE, "regex": "x*"}]), "must not match the empty text"),
    "long regex": (custom("MaskingPolicy", "bad", rules=[{**RULE, "regex": "x" * 513}]), "Too long"),
    "many rules": (custom("MaskingPolicy", "bad", rules=MANY), "Too many"),
    "unknown field": (custom("MaskingPolicy", "bad", pakcs=[]), "pakcs"),
    "no target": (custom("Agent", "bad"), "targetRef"),
}


@pytest.fixture(scope="module")
def neighbour(product: Access) -> Iterator[str]:
    """A namespace with an Agent that is fine."""
    with fresh_namespaces(product, NAMESPACE):
        product.apply(agent("fine", "Deployment"), custom("MaskingPolicy", "fine"), namespace=NAMESPACE)
        product.wait_for_entry(NAMESPACE, "Deployment/fine")
        product.apply(workload("Deployment", "fine"), namespace=NAMESPACE)
        product.until_condition("agents", "fine", NAMESPACE, Ready="True", Covered="True/AllPodsInjected")
        yield NAMESPACE


@pytest.mark.parametrize("mistake", REFUSED)
def test_mistake_is_refused_with_one_message(product: Access, neighbour: str, mistake: str) -> None:
    """The API server refuses the object and its message says what is wrong."""
    obj, told = REFUSED[mistake]
    message = refused(product, "apply", "--server-side", "-n", neighbour, "-f", "-", stdin=yaml.safe_dump(obj))
    assert told in message
    assert len(message) < 1500


def test_selector_that_matches_nothing_is_no_error(product: Access, neighbour: str) -> None:
    """An Agent without pods and a policy without Agents are Ready and say that nothing matches."""
    nobody = {"matchLabels": {"app": "nobody"}}
    product.apply(
        agent("lonely", podSelector=nobody), custom("MaskingPolicy", "lonely", agentSelector=nobody), namespace=neighbour
    )
    product.until_condition("agents", "lonely", neighbour, Ready="True", Enforced="Unknown/NoPodsMatched")
    product.until_condition("maskingpolicies", "lonely", neighbour, Ready="True", Enforced="Unknown/NoAgentsMatched")


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("reach", {"namespaceSelector": {}}),
        ("restrict", {"allowedBackends": ["x"]}),
        ("borrow", {"backends": [{"name": "x", "preset": "langfuse", "credentials": {"secretName": "agentops-x", "key": "k"}}]}),
    ],
)
def test_tenant_cannot_act_as_the_platform(product: Access, neighbour: str, name: str, spec: dict[str, Any]) -> None:
    """A tenant's policy that reaches beyond its namespace is not accepted and binds nobody."""
    product.apply(custom("TracePolicy", name, **spec), namespace=neighbour)
    product.until_condition("tracepolicies", name, neighbour, Accepted="False/RefNotPermitted", Ready="False")
    bound = product.get("agents.agentops.dev", "fine", "-n", neighbour)["status"]["policies"]
    assert [policy["name"] for policy in bound] == ["fine"]


def test_valid_neighbour_was_not_disturbed(product: Access, neighbour: str) -> None:
    """After all of this the Agent beside is as it was."""
    product.until_condition("agents", "fine", neighbour, Ready="True", Covered="True/AllPodsInjected")
