"""The product, installed once on the real cluster for all tests of this folder."""

from collections.abc import Iterator

import pytest

from demo.install import install
from tests.cluster.access import Access


@pytest.fixture(scope="session")
def product() -> Access:
    """The installed product and ways to ask it."""
    return Access(install())


@pytest.fixture
def namespace(product: Access, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh namespace under the `restricted` Pod Security level, gone after the test."""
    name = "e2e-" + request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")[:50].rstrip("-")
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "agentops.dev/team": "payments"}
    product.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    yield name
    product.kubectl("delete", "namespace", name, "--wait=false")
