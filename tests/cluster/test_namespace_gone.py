"""The operator's namespace is deleted by mistake: agents go on, and installing again mends everything."""

import pytest

from demo.install import NAMESPACE, install_chart
from tests.cluster.access import Access
from tests.cluster.evidence import has_sidecar, numbers, pods, restarts

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def test_agents_outlive_the_operators_namespace(product: Access, namespace: str) -> None:
    """Running pods are untouched and new ones start while nothing of ours is left; then all is enforced again."""
    product.first_agent(namespace)
    product.until_condition("agents", "first-agent", namespace, Enforced="True")
    [before] = pods(product, namespace)
    product.kubectl("delete", "namespace", NAMESPACE, "--timeout=180s")
    try:
        [during] = pods(product, namespace)
        assert (during["metadata"]["uid"], restarts(during)) == (before["metadata"]["uid"], 0)
        product.kubectl("rollout", "restart", "deployment/first-agent", "-n", namespace)
        product.kubectl("rollout", "status", "deployment/first-agent", "-n", namespace, "--timeout=120s")
        [fresh] = product.until("the old pod to go", lambda: pods(product, namespace), lambda found: len(found) == 1)
        assert has_sidecar(fresh)
    finally:
        install_chart(product.cluster)
        product.relay_address.cache_clear()
    product.until("spans of the new relay", lambda: numbers(product, namespace), bool)
    product.until_condition("agents", "first-agent", namespace, Programmed="True", Enforced="True")
