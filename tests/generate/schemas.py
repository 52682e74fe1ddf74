"""Ways through the schemas of all kinds, for the tests of this folder."""

from collections.abc import Iterator
from typing import Any

from agentops_operator.generate.crds import crd
from agentops_operator.generate.kinds import ALL

KINDS = {kind.kind: kind for kind in ALL}
OWN = ("apiVersion", "kind", "metadata")


def definition(kind: str) -> dict[str, Any]:
    """The rendered definition of a kind."""
    return crd(KINDS[kind])


def version(kind: str) -> dict[str, Any]:
    """The only version of a kind."""
    (only,) = definition(kind)["spec"]["versions"]
    return only


def content(kind: str) -> dict[str, Any]:
    """The schema of a kind without what every object has."""
    schema = version(kind)["schema"]["openAPIV3Schema"]
    return {**schema, "properties": {name: inner for name, inner in schema["properties"].items() if name not in OWN}}


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema, itself first, with its path."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}" if path else name)
    for word, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if word in schema:
            yield from nodes(schema[word], path + mark)


def fields(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Every named field of a kind with its path."""
    return [(path, node) for path, node in nodes(content(kind)) if path and not path.endswith(("[]", ".*"))]
