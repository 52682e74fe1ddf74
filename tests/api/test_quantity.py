"""Kubernetes quantities."""

from decimal import Decimal

import pytest

from agentops_operator.kube.quantity import quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", "0.5"),
        ("1", "1"),
        ("128Mi", 2**27),
        ("1.5Gi", 3 * 2**29),
        ("1k", 1000),
        ("1e3", 1000),
        ("0", 0),
        ("100n", "1e-7"),
    ],
)
def test_quantity_is_a_number(text: str, number: str | int) -> None:
    """In the base unit, exactly."""
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "Mi", "1x", "ten"])
def test_malformed_quantity_is_told(text: str) -> None:
    """The message shows the value and how to write it."""
    with pytest.raises(ValueError, match="write it as 500m or 128Mi"):
        quantity(text)
