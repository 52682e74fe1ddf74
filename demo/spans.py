"""Spans as the relay stores them, OTLP in JSON."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Span:
    """One stored span with the resource it belongs to."""

    trace: str
    identity: str
    name: str
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]


def parse(lines: str) -> list[Span]:
    """All spans of an answer of `GET /v1/traces`, each once: a batch that was sent twice is stored twice."""
    found = {(span.trace, span.identity): span for line in lines.splitlines() if line for span in _of_line(json.loads(line))}
    return list(found.values())


def _of_line(batch: Mapping[str, Any]) -> Iterator[Span]:
    for entry in batch["resourceSpans"]:
        resource = attributes_of(entry.get("resource", {}))
        for scope in entry["scopeSpans"]:
            for span in scope["spans"]:
                yield Span(span["traceId"], span["spanId"], span["name"], attributes_of(span), resource)


def attributes_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as a mapping."""
    return {pair["key"]: _value(pair["value"]) for pair in entry.get("attributes", [])}


def _value(value: Mapping[str, Any]) -> Any:
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [_value(item) for item in value["arrayValue"].get("values", [])]
    return next(iter(value.values()), None)
