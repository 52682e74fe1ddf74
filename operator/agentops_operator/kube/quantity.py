"""Kubernetes quantities: `500m`, `128Mi`, `1e3`."""

from decimal import Decimal, InvalidOperation

UNITS: dict[str, Decimal | int] = {
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
}  # fmt: skip


def quantity(text: str) -> Decimal:
    """The number that a quantity stands for, in its base unit (cores, bytes); a malformed one raises ValueError."""
    unit = next((unit for unit in UNITS if text.endswith(unit)), "")
    try:
        return Decimal(text.removesuffix(unit)) * UNITS.get(unit, 1)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no quantity; write it as 500m or 128Mi") from None
