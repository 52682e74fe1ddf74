"""The InjectionIndex resource: the parameter of the admission policy, one object a namespace."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from agentops_operator.api.model import Json, Model, marks
from agentops_operator.api.selector import LabelKey, LabelValue, Requirement
from agentops_operator.policies.trace.types import OnBypass, OptOut

Key = Annotated[str, StringConstraints(max_length=384)]
Name = Annotated[str, StringConstraints(max_length=253)]


class Pair(Model):
    """A label that must have this value."""

    key: LabelKey = Field(description="Label key.")
    value: LabelValue = Field(description="Label value.")


class Gateway(StrEnum):
    """Whether the model calls of a pod go through the gateway, and what its forwarder does while the gateway is away."""

    NONE = ""
    REFUSE = "Refuse"
    DIRECT = "Direct"


class IndexEntry(Model):
    """What a pod under this key gets, when the rest of its labels match."""

    agent: Name = Field(description="Name of the Agent.")
    rules: Name = Field(description="ConfigMap with the masking rules.")
    match_labels: list[Pair] = Field(
        default=[],
        max_length=16,
        description="More labels that must match.",
        json_schema_extra=marks(list_type="atomic"),
    )
    match_expressions: list[Requirement] = Field(
        default=[],
        max_length=16,
        description="Expressions that must hold.",
        json_schema_extra=marks(list_type="atomic"),
    )
    containers: list[Name] = Field(
        default=[],
        max_length=32,
        description="Containers that get settings; empty means all.",
        json_schema_extra=marks(list_type="atomic"),
    )
    capture: Annotated[str, StringConstraints(max_length=8)] = Field(
        default="false", description="Value of the instrumentation's content switch."
    )
    hash_key_secret: Name = Field(default="", description="Secret with the hash key, or empty.")
    opt_out: OptOut = Field(default=OptOut.DENIED, description="Whether the pod may refuse.")
    on_bypass: OnBypass = Field(default=OnBypass.REPORT, description="What happens on an own endpoint.")
    service_account_name: Name = Field(default="", description="Service account that the pod must have, or empty.")
    gateway: Gateway = Field(
        default=Gateway.NONE, description="What model calls do while the gateway is away; empty: there is no gateway."
    )

    def row(self) -> dict[str, Json]:
        """The JSON form without defaults: readers take absence for them, and 5,000 entries are less than half as large."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def refuses_bypass(row: Mapping[str, Json]) -> bool:
    """Whether a pod of this row is refused when a container keeps an endpoint of its own."""
    return row.get("onBypass") == OnBypass.DENY


# More Agents than this under one key is a selector that says too little; the bound also keeps look-ups at admission cheap.
Entries = Annotated[list[IndexEntry], Field(max_length=64, json_schema_extra=marks(list_type="atomic"))]


class IndexRoot(Model):
    """The fields beside metadata."""

    schema_defaults: ClassVar[bool] = False  # the API server would write them into each of thousands of entries

    agents: dict[Key, Entries] = Field(
        default={},
        max_length=20000,
        description="Entries by `label=value` or `Kind/name`.",
        json_schema_extra=marks(map_type="atomic"),
    )
