"""Fixtures of every test that needs the real API server."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Kubeconfig of the cluster under test: `AGENTOPS_KUBECONFIG`, else the local node, which is started if need be."""
    # Imported here, because tests without a cluster must not need its tool.
    from tests.cluster_access import kubeconfig_path

    return kubeconfig_path()
