"""What the tests of the local cluster tool share: no root, no network, no process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Plain `pytest` puts only the tests on the path; the tool is not an installed package.
sys.path.insert(0, str(Path(__file__).parents[2]))

from devcluster.node.layout import Node, Subnet
from devcluster.paths import Cluster


@pytest.fixture(autouse=True)
def _own_directories(tmp_path, monkeypatch):
    """Keep the user's cache and state out of every test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def node():
    """Return a node that was never started."""
    return Node(Cluster("unit"), Subnet(207))
