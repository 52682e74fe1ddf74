"""The mark that says which fields of the plan a case proves."""

from collections.abc import Callable
from typing import TypeVar

import pytest

Case = TypeVar("Case", bound=Callable[..., object])


def proves(*names: str) -> pytest.MarkDecorator:
    """Names plan fields or behaviours; every case has this mark, each parameter may have one of its own beside it."""
    return pytest.mark.proves(*names)


def proven_by(item: pytest.Item) -> list[str]:
    """What one case proves, its parameters' marks included."""
    return sorted({name for mark in item.iter_markers("proves") for name in mark.args})
