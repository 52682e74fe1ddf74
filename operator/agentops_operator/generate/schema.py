"""Turns a pydantic model into a structural schema, the only form that the API server accepts in a CRD."""

import math
from collections.abc import Mapping

from agentops_operator.api.model import Json, Model

INT32 = 2**31 - 1
RULES = "x-kubernetes-validations"

ORDER = ("description", "type", "format", "default", "enum", "required")

# `additionalProperties: false` beside `properties` is refused by the API server: unknown fields are pruned, and
# refused under strict field validation, without it. `propertyNames` does not exist in structural schemas.
DROPPED = frozenset({"title", "$defs", "propertyNames"})


def structural(model: type[Model]) -> dict[str, Json]:
    """The schema of a model with references inlined and with nothing that the API server refuses.

    Defaults are left out where the model says so.
    """
    raw = model.model_json_schema(by_alias=True)
    return _node(raw, raw.get("$defs", {}), keep_defaults=model.schema_defaults)


def _node(raw: Mapping[str, Json], models: Mapping[str, Json], *, keep_defaults: bool) -> dict[str, Json]:
    node = _resolve(raw, models)
    result = {key: value for key, value in node.items() if key not in DROPPED and (key, value) != ("additionalProperties", False)}
    if "properties" in node:
        result["properties"] = {
            name: _node(value, models, keep_defaults=keep_defaults) for name, value in node["properties"].items()
        }
    for inner in ("items", "additionalProperties"):
        if isinstance(node.get(inner), Mapping):
            result[inner] = _node(node[inner], models, keep_defaults=keep_defaults)
    return _ordered(_typed(_defaulted(result, keep_defaults=keep_defaults)))


def _resolve(raw: Mapping[str, Json], models: Mapping[str, Json]) -> dict[str, Json]:
    """Inlines a reference, and takes the plain type of `X | None`: absent is how Kubernetes says None."""
    node = dict(raw)
    while inner := _inner(node, models):
        outer = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
        rules = [*inner.get(RULES, ()), *outer.get(RULES, ())]
        node = {**inner, **outer} | ({RULES: rules} if rules else {})
    return node


def _inner(node: Mapping[str, Json], models: Mapping[str, Json]) -> Mapping[str, Json]:
    if "$ref" in node:
        return dict(models[node["$ref"].rpartition("/")[2]])
    if "anyOf" in node:
        (only,) = (choice for choice in node["anyOf"] if choice.get("type") != "null")
        return dict(only)
    return {}


def _defaulted(node: dict[str, Json], *, keep_defaults: bool) -> dict[str, Json]:
    """Keeps a default that says something; null is refused by the API server for fields that are not nullable."""
    default = without_none(node.pop("default", None))
    if keep_defaults and default is not None:
        node["default"] = default
    return node


def _typed(node: dict[str, Json]) -> dict[str, Json]:
    """Gives integers the format that generated clients size their fields by."""
    if node.get("type") == "integer":
        fits = node.get("minimum", -math.inf) >= -INT32 and node.get("maximum", math.inf) <= INT32
        node["format"] = "int32" if fits else "int64"
    return node


def _ordered(node: dict[str, Json]) -> dict[str, Json]:
    """Puts what a reader asks first before the content, whatever order it was found in."""
    rank = {key: place for place, key in enumerate(ORDER)}
    return {key: node[key] for key in sorted(node, key=lambda key: (rank.get(key, len(ORDER)), key))}


def without_none(value: Json) -> Json:
    """The value without fields that hold None."""
    if isinstance(value, Mapping):
        return {key: without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_none(inner) for inner in value]
    return value
