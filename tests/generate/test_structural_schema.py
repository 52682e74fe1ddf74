"""Schemas are structural: the form that the API server demands of a CRD."""

from typing import Annotated, Any

import pytest
from pydantic import Field

from agentops_operator.api.model import Model, StatusModel, cel, marks
from agentops_operator.generate.schema import RULES, structural
from tests.generate.schemas import KINDS, content, nodes

REFUSED = {
    "$ref",
    "$defs",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "title",
    "propertyNames",
    "const",
    "definitions",
    "exclusiveMinimum",
}
TYPES = {"object", "array", "string", "integer"}


class Inner(Model):
    """Inner words."""

    size: int = Field(default=3, ge=0, le=9, description="Size.")
    note: str | None = Field(default=None, max_length=5, description="Note.")


class Outer(Model):
    """Outer words."""

    inner: Inner | None = Field(default=None, description="Own words.", json_schema_extra=marks(cel("true", "fine")))
    filled: Inner = Field(default=Inner(), description="Filled.")
    names: dict[Annotated[str, Field(max_length=4)], str] = Field(default={}, max_length=2, description="Names.")
    count: int = Field(description="Count.", ge=0)


class Observed(StatusModel):
    """A status."""

    count: int = Field(default=0, description="Count.")


@pytest.mark.parametrize("kind", KINDS)
def test_schema_has_only_words_that_the_api_server_accepts(kind: str) -> None:
    """A reference, a union or a title would make the API server refuse the CRD."""
    assert {path: REFUSED & node.keys() for path, node in nodes(content(kind)) if REFUSED & node.keys()} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_has_a_type(kind: str) -> None:
    """A part without a type would be pruned or refused."""
    assert {path: node.get("type") for path, node in nodes(content(kind)) if node.get("type") not in TYPES} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_properties_and_additional_properties_never_stand_together(kind: str) -> None:
    """The API server refuses a schema that says both."""
    assert [path for path, node in nodes(content(kind)) if {"properties", "additionalProperties"} <= node.keys()] == []


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_hold_no_null_and_no_unknown_field(kind: str) -> None:
    """The API server refuses a CRD whose default would be pruned or is not valid itself."""
    for path, node in nodes(content(kind)):
        if "default" in node:
            assert _fits(node["default"], node), path


def test_optional_field_is_its_plain_type_and_not_required() -> None:
    """Absent is how Kubernetes says None."""
    schema = structural(Outer)
    assert schema["required"] == ["count"]
    assert schema["properties"]["inner"]["properties"]["note"] == {"description": "Note.", "type": "string", "maxLength": 5}


def test_words_of_the_field_win_over_words_of_its_model() -> None:
    """A field says what it is for; its model only says what it is."""
    inner = structural(Outer)["properties"]["inner"]
    assert (inner["description"], inner[RULES]) == ("Own words.", [{"rule": "true", "message": "fine"}])
    assert "default" not in inner


def test_default_of_a_nested_model_is_plain_json() -> None:
    """Defaults are written as a user would write them, without null."""
    assert structural(Outer)["properties"]["filled"]["default"] == {"size": 3}


def test_map_keeps_its_bound_and_drops_the_pattern_of_names() -> None:
    """Structural schemas cannot restrict the names in a map."""
    want = {
        "description": "Names.",
        "type": "object",
        "default": {},
        "additionalProperties": {"type": "string"},
        "maxProperties": 2,
    }
    assert want == structural(Outer)["properties"]["names"]


def test_integers_say_how_wide_they_are() -> None:
    """Bounded numbers fit 32 bits; a count without a bound does not."""
    schema = structural(Outer)
    assert schema["properties"]["filled"]["properties"]["size"]["format"] == "int32"
    assert schema["properties"]["count"]["format"] == "int64"


def test_status_has_no_defaults() -> None:
    """Zero that nobody counted must not look like an observation."""
    assert "default" not in structural(Observed)["properties"]["count"]


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        return all(name in inner and _fits(part, inner[name]) for name, part in value.items())
    if isinstance(value, list):
        return all(_fits(part, schema["items"]) for part in value)
    return value is not None and value in schema.get("enum", [value])
