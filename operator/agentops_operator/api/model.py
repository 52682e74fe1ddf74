"""The base of every model that is part of a custom resource, and the schema marks that pydantic has no words for."""

from typing import Any, ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Json: TypeAlias = Any  # a JSON value; its shape is checked where it is read, not by the type checker


class Model(BaseModel):
    """A frozen, camel-cased part of a resource; unknown fields are refused so that a typo is never stored in silence."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)
    schema_defaults: ClassVar[bool] = True
    """Whether defaults go into the schema of a resource whose root this is, and with that into every stored object."""

    def dump(self) -> dict[str, Json]:
        """The JSON form, camel case, without fields that hold None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class StatusModel(Model):
    """A part of a status; unknown fields are ignored, because another version of the operator may have written them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)
    schema_defaults: ClassVar[bool] = False  # a default in a status would read as an observation


def cel(rule: str, message: str) -> dict[str, str]:
    """One CEL validation, evaluated by the API server at admission."""
    return {"rule": rule, "message": message}


def marks(
    *rules: dict[str, str],
    list_type: str | None = None,
    map_keys: tuple[str, ...] = (),
    map_type: str | None = None,
    **schema: Json,
) -> dict[str, Json]:
    """Extra schema of a field or model: CEL rules, merge strategy of lists and maps, and plain OpenAPI words."""
    extra: dict[str, Json] = dict(schema)
    if rules:
        extra["x-kubernetes-validations"] = list(rules)
    if list_type:
        extra["x-kubernetes-list-type"] = list_type
    if map_keys:
        extra["x-kubernetes-list-map-keys"] = list(map_keys)
    if map_type:
        extra["x-kubernetes-map-type"] = map_type
    return extra
