"""Parts of a status that several kinds share."""

from enum import StrEnum

from pydantic import Field

from agentops_operator.api.model import StatusModel, marks


class ConditionStatus(StrEnum):
    """Values of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class ConditionEntry(StatusModel):
    """One condition as it stands in a status."""

    type: str = Field(max_length=316, description="Type of the condition.")
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: str = Field(max_length=1024, description="One word, in the list of reasons of the kind's page.")
    message: str = Field(default="", max_length=32768, description="What is the case and what to do.")
    observed_generation: int = Field(default=0, ge=0, description="Generation of the spec that this speaks of.")
    last_transition_time: str = Field(
        description="When status or reason last changed.", json_schema_extra={"format": "date-time"}
    )


class CommonStatus(StatusModel):
    """What every status begins with."""

    observed_generation: int = Field(
        default=-1, description="Generation of the spec that the conditions speak of; -1 before the first pass."
    )
    conditions: list[ConditionEntry] = Field(
        default=[],
        max_length=16,
        description="What is known of this object.",
        json_schema_extra=marks(list_type="map", map_keys=("type",)),
    )


class AgentCounts(StatusModel):
    """How many Agents a policy binds, and how far they are."""

    matched: int = Field(default=0, ge=0, description="Agents that the policy binds.")
    programmed: int = Field(default=0, ge=0, description="Agents that run this version of the policy.")
    enforced: int = Field(default=0, ge=0, description="Agents in which the effect was observed.")
