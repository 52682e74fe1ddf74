from collections.abc import AsyncIterator

import pytest

from tests.runtime.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A fresh operator over an empty cluster."""
    world = World()
    yield world
    await world.stop()
