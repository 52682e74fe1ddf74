"""Platform policies for the time of a test; they reach the test's namespaces and nobody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from demo.install import NAMESPACE
from tests.cluster.access import Access

ALLOW = "agentops.dev/allow-delete=true"
BY_NAME = "kubernetes.io/metadata.name"


def reaching(policy: dict[str, Any], *namespaces: str) -> dict[str, Any]:
    """The policy with a selector for these namespaces."""
    chosen = {"matchExpressions": [{"key": BY_NAME, "operator": "In", "values": list(namespaces)}]}
    return {**policy, "spec": {**policy["spec"], "namespaceSelector": chosen}}


@contextmanager
def platform_policy(product: Access, policy: dict[str, Any], *namespaces: str) -> Iterator[None]:
    """Applies the policy in the operator's namespace, and takes it away afterwards."""
    name, resource = policy["metadata"]["name"], f"{policy['kind'].lower()}.agentops.dev"
    product.apply(reaching(policy, *namespaces), namespace=NAMESPACE)
    try:
        yield
    finally:
        product.kubectl("annotate", resource, name, ALLOW, "-n", NAMESPACE)
        product.kubectl("delete", resource, name, "-n", NAMESPACE)
