"""Fixtures of every test that needs the real node, and the mark that tells them from tests with an API server of their own."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Kubeconfig of the cluster under test: `AGENTOPS_KUBECONFIG`, else the local node, which is started if need be."""
    # Imported here, because tests without a cluster must not need its tool.
    from tests.cluster_access import kubeconfig_path

    return kubeconfig_path()


ON_NODE = frozenset({"kubeconfig", "product"})  # fixtures
DEMO = Path(__file__).parent / "demo"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs the node: `make test` runs it beside the tests with API servers of their own."""
    for item in items:
        if item.get_closest_marker("cluster") and (ON_NODE & set(item.fixturenames) or DEMO in item.path.parents):
            item.add_marker(pytest.mark.node)
