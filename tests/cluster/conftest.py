"""The product, installed once on the real cluster for all tests of this folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from demo.install import install
from devcluster import ensure_up
from tests.cluster.access import Access

INSTALLED = "AGENTOPS_INSTALLED"  # set: the product stands as it should, and installing is skipped


@pytest.fixture(scope="session")
def product() -> Access:
    """The installed product and ways to ask it."""
    return Access(ensure_up() if os.environ.get(INSTALLED) else install())


@contextmanager
def fresh_namespaces(product: Access, *names: str, level: str = "restricted", **labels: str) -> Iterator[None]:
    """Namespaces under a Pod Security level; gone afterwards, without waiting for it."""
    wanted = {"pod-security.kubernetes.io/enforce": level, "agentops.dev/team": "payments", **labels}
    objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": wanted}} for name in names]
    # What an interrupted run left behind would be taken for this run's.
    product.kubectl("delete", "namespace", *names, "--ignore-not-found")
    product.apply(*objects)
    yield
    product.kubectl("delete", "namespace", *names, "--wait=false")


@pytest.fixture
def namespace(product: Access, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh namespace under the `restricted` Pod Security level."""
    name = "e2e-" + request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")[:50].rstrip("-")
    with fresh_namespaces(product, name):
        yield name


LAST = ("test_namespace_gone.py", "test_no_secrets.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes the product away, and what judges the whole run, come last of this folder."""
    here = [index for index, item in enumerate(items) if item.path.parent.name == "cluster"]
    ordered = sorted(
        (items[index] for index in here), key=lambda item: LAST.index(item.path.name) if item.path.name in LAST else -1
    )
    for index, item in zip(here, ordered, strict=True):
        items[index] = item
