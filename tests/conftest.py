"""Fixtures of every test that needs the real node, the mark that tells them apart, and examples that may take their time."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no fault of what is tested: without this an example that takes 200 ms fails.
settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


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
