"""What a schema says beyond types: lists whose items must differ, and texts that must be a time."""

import re
from collections.abc import Iterator, Mapping

from agentops_operator.api.model import Json
from agentops_operator.cli.position import Path

LIST_TYPE, LIST_KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")

Fault = tuple[Path, str, str]  # where, what, how to mend it


def faults(schema: Json, value: Json, path: Path = ()) -> Iterator[Fault]:
    """Everything in the value that the schema refuses and pydantic does not know of."""
    if isinstance(value, Mapping):
        for name, inner in schema.get("properties", {}).items():
            if value.get(name) is not None:
                yield from faults(inner, value[name], (*path, name))
    elif isinstance(value, list):
        yield from _repeated(schema, value, path)
        for index, item in enumerate(value):
            yield from faults(schema.get("items", {}), item, (*path, index))
    elif schema.get("format") == "date-time" and not RFC3339.fullmatch(str(value)):
        yield path, f"{value!r} is no time", "write it like 2026-01-31T12:00:00Z"


def _repeated(schema: Json, items: list[Json], path: Path) -> Iterator[Fault]:
    keys = {"set": (), "map": tuple(schema.get(LIST_KEYS, ()))}.get(schema.get(LIST_TYPE, ""))
    if keys is None:
        return
    seen: list[Json] = []
    for index, item in enumerate(items):
        identity = [item.get(key) for key in keys] if keys and isinstance(item, Mapping) else item
        if identity in seen:
            below = keys[:1] if keys else ()
            yield (
                (*path, index, *below),
                f"{identity[0] if keys else identity!r} stands twice in the list",
                "remove one, or rename it",
            )
        seen.append(identity)
