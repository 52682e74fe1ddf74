"""Amounts of money as people write them, and as everything else counts them: integer micro-USD."""

from decimal import Decimal
from typing import Annotated

from pydantic import StringConstraints

MICRO = 1_000_000

# Strings, because a floating-point number would not be the number that somebody wrote.
Price = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?$", max_length=11)]
DOLLARS = r"^[0-9]{1,9}(\.[0-9]{1,6})?$"
Dollars = Annotated[str, StringConstraints(pattern=DOLLARS, max_length=16)]


def micro(amount: str) -> int:
    """Millionths of a decimal number that has at most six digits behind the point: `"2.50"` is 2500000."""
    return int(Decimal(amount) * MICRO)


def dollars(amount: int) -> str:
    """A decimal number of USD without needless zeros: 2500000 is `"2.5"`."""
    text = f"{Decimal(amount) / MICRO:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
