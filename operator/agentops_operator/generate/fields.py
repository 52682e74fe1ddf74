"""The fields of a schema as rows: path, type, default, limits, meaning, and the messages of their rules."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from agentops_operator.api.model import Json
from agentops_operator.generate.schema import RULES

PER_LIST = {"map": "unique by `{keys}`", "set": "no value twice"}


@dataclass(frozen=True)
class Field:
    """One field, or one kind of list item or map value, as a reader of the reference looks it up."""

    path: str
    schema: dict[str, Json]
    required: bool

    @property
    def type(self) -> str:
        """The type in words; of an enumeration its values."""
        return _type(self.schema)

    @property
    def default(self) -> str:
        """What holds when the field is absent."""
        if self.required:
            return "required"
        return f"`{json.dumps(self.schema['default'], ensure_ascii=False)}`" if "default" in self.schema else ""

    @property
    def limits(self) -> str:
        """Everything that the API server refuses about the value alone."""
        inner = self.schema.get("items") or self.schema.get("additionalProperties") or {}
        return "; ".join([*_limits(self.schema), *(f"each: {limit}" for limit in _limits(inner))])

    @property
    def messages(self) -> list[str]:
        """What the API server answers when a rule on the field is broken."""
        return [rule["message"] for rule in self.schema.get(RULES, ())]


def fields(schema: dict[str, Json], path: str = "") -> Iterator[Field]:
    """All fields below a schema, each before the fields within it."""
    for name, inner in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield Field(here, inner, required=name in schema.get("required", ()))
        yield from fields(*_inside(inner, here))


def _inside(schema: dict[str, Json], path: str) -> tuple[dict[str, Json], str]:
    if "items" in schema:
        return _inside(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        return _inside(schema["additionalProperties"], f"{path}.*")
    return schema, path


def _type(schema: dict[str, Json]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "items" in schema:
        return f"list of {_plural(_type(schema['items']))}"
    if "additionalProperties" in schema:
        return f"map to {_plural(_type(schema['additionalProperties']))}"
    return "time" if schema.get("format") == "date-time" else str(schema["type"])


def _plural(word: str) -> str:
    return word.replace("list of", "lists of", 1) if " of " in word else word if "`" in word else f"{word}s"


def _limits(schema: dict[str, Json]) -> list[str]:
    limits = [
        _span(schema, "minimum", "maximum", ""),
        _span(schema, "minLength", "maxLength", " characters"),
        _span(schema, "minItems", "maxItems", " items"),
        _span(schema, "minProperties", "maxProperties", " entries"),
        f"matches `{schema['pattern']}`" if "pattern" in schema else "",
        PER_LIST.get(schema.get("x-kubernetes-list-type", ""), "").format(
            keys=", ".join(schema.get("x-kubernetes-list-map-keys", ()))
        ),
    ]
    return [limit for limit in limits if limit]


def _span(schema: dict[str, Json], low: str, high: str, unit: str) -> str:
    match schema.get(low), schema.get(high):
        case None, None:
            return ""
        case least, None:
            return f"at least {least}{unit}"
        case None, most:
            return f"at most {most}{unit}"
        case least, most:
            return f"{least} to {most}{unit}"
    return ""
