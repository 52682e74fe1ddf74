"""Every test of this folder needs the real API server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admission.apiserver import Api, install_policies, running

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder, and of no other."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API server with the chart's policies."""
    with running(tmp_path_factory.mktemp("apiserver")) as found:
        install_policies(found)
        yield found
