"""OTLP in its JSON form: values of attributes to plain Python and back."""

from collections.abc import Iterable, Mapping
from typing import Any


def plain(value: Mapping[str, Any]) -> Any:
    """A plain value from an AnyValue; whole numbers come as text."""
    if "arrayValue" in value:
        return [plain(item) for item in value["arrayValue"].get("values") or []]
    if "kvlistValue" in value:
        return attributes(value["kvlistValue"].get("values") or [])
    if "intValue" in value:
        return int(value["intValue"])
    return next((value[name] for name in ("stringValue", "doubleValue", "boolValue", "bytesValue") if name in value), None)


def attributes(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Attributes by name."""
    return {pair["key"]: plain(pair.get("value") or {}) for pair in pairs}


def pairs(values: Mapping[str, str | float]) -> list[dict[str, Any]]:
    """Attributes of text and numbers, as OTLP wants them."""
    return [
        {"key": key, "value": {"stringValue": value} if isinstance(value, str) else {"doubleValue": value}}
        for key, value in values.items()
    ]
