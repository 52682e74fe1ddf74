"""The Budget resource."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from agentops_operator.api.binding import Attachment
from agentops_operator.api.model import Model, StatusModel, cel, marks
from agentops_operator.api.status import AgentCounts, CommonStatus
from agentops_operator.api.verdict import Verdict

DnsName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
AliasName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?$")
]
TimeZone = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$")]
BudgetName = Annotated[str, StringConstraints(max_length=127)]
Amount = Annotated[str, StringConstraints(min_length=1, max_length=24)]


class Unit(StrEnum):
    """What is counted. Tokens are input and output together; input includes what the provider had in its cache."""

    USD = "USD"
    TOKENS = "Tokens"
    INPUT_TOKENS = "InputTokens"
    OUTPUT_TOKENS = "OutputTokens"
    REQUESTS = "Requests"


class WindowKind(StrEnum):
    """When the count starts anew."""

    HOUR = "Hour"
    DAY = "Day"
    WEEK = "Week"
    MONTH = "Month"
    ROLLING = "Rolling"


class Window(Model):
    """A span of the calendar in a time zone, or the last so many seconds."""

    kind: WindowKind = Field(
        default=WindowKind.MONTH, description="Hour, Day, Week (from Monday) and Month follow the calendar; Rolling looks back."
    )
    time_zone: TimeZone | None = Field(
        default=None, description="Time zone of the calendar, for example Europe/Berlin; UTC when absent."
    )
    seconds: int | None = Field(default=None, ge=60, le=31_622_400, description="For Rolling: how far it looks back.")


WINDOW_RULES = (
    cel("(self.kind == 'Rolling') == has(self.seconds)", "seconds must be given for a window of kind Rolling, and only for it"),
    cel(
        "self.kind != 'Rolling' || !has(self.timeZone)",
        "timeZone belongs to the calendar: remove it from a window of kind Rolling",
    ),
)


class Scope(StrEnum):
    """Who shares one count."""

    AGENT = "Agent"
    SHARED = "Shared"
    TEAM = "Team"
    USE_CASE = "UseCase"
    END_USER = "EndUser"


class StepAction(StrEnum):
    """What a step of the ladder does."""

    ALERT = "Alert"
    CHEAPER_MODEL = "CheaperModel"
    READ_ONLY_TOOLS = "ReadOnlyTools"
    HOLD = "Hold"
    BLOCK = "Block"


class Cheaper(Model):
    """An alias that is answered by a cheaper one."""

    alias: AliasName = Field(description="What the agent writes as `model`.")
    use: AliasName = Field(description="The alias that answers in its place.")
    fallback: DnsName = Field(
        description="ProviderFallback that declares `use`: of the Budget's namespace, else a platform policy that reaches "
        "all Agents of that namespace."
    )


class Step(Model):
    """One step of the ladder; it holds from its percentage on."""

    at_percent: int = Field(ge=1, le=100, description="Share of the limit that was used.")
    action: StepAction = Field(
        description="Alert only tells. CheaperModel leads aliases elsewhere. ReadOnlyTools takes all tools out of requests but "
        "those that the Agent lists as read-only. Hold stops each run at its next call until a person decides (RunHold). "
        "Block refuses calls."
    )
    models: list[Cheaper] = Field(
        default=[],
        max_length=16,
        description="For CheaperModel: which alias is answered by which.",
        json_schema_extra=marks(list_type="map", map_keys=("alias",)),
    )


LADDER_RULES = (
    cel(
        "self.all(s, (s.action == 'CheaperModel') == (has(s.models) && size(s.models) > 0))",
        "models must be given for the step CheaperModel, and only for it",
    ),
    cel("self.map(s, s.atPercent).isSorted()", "steps must be in rising order of atPercent"),
)


class Mode(StrEnum):
    """Whether the budget acts."""

    ENFORCE = "Enforce"
    SHADOW = "Shadow"


SPEC_RULES = (
    cel(
        "self.unit == 'USD' ? self.limit.matches('^[0-9]{1,9}([.][0-9]{1,6})?$') : self.limit.matches('^[0-9]{1,15}$')",
        'limit must be a decimal number such as "99.50" for USD (below a billion), and a whole number for the other units',
    ),
    cel("self.limit.matches('[1-9]')", "limit must be more than zero"),
)


class BudgetSpec(Attachment):
    """What may be used, by whom, and what happens on the way to the limit."""

    unit: Unit = Field(default=Unit.USD, description="What is counted.")
    limit: Amount = Field(description='How much may be used in a window, in quotes: "99.50", or "2000000" for tokens.')
    window: Window = Field(default=Window(), description="When the count starts anew.", json_schema_extra=marks(*WINDOW_RULES))
    scope: Scope = Field(
        default=Scope.AGENT,
        description="Agent: each Agent has its own count. Shared: all Agents that the budget binds have one. Team, UseCase: "
        "those of one team or use case. EndUser: each end user of an Agent, as its client names them.",
    )
    ladder: list[Step] = Field(
        default=[Step(at_percent=80, action=StepAction.ALERT), Step(at_percent=100, action=StepAction.BLOCK)],
        min_length=1,
        max_length=8,
        description="Steps in rising order. At the limit itself calls are refused in any case.",
        json_schema_extra=marks(*LADDER_RULES, list_type="atomic"),
    )
    mode: Mode = Field(
        default=Mode.ENFORCE, description="Enforce acts. Shadow counts what it would have refused, and refuses nothing."
    )
    on_state_error: Verdict = Field(
        default=Verdict.DENY, description="What happens to calls while the gateway cannot reach its state store."
    )
    on_unknown_price: Verdict = Field(
        default=Verdict.DENY,
        description="For USD: what happens to calls of unknown cost; let through, they are counted as unpriced, never as 0.",
    )


class Usage(StatusModel):
    """What one scope has used in its window."""

    scope: str = Field(max_length=512, description="Whose use it is: an Agent, a team, a use case, or empty when all share it.")
    used: str = Field(max_length=32, description="Used in this window, in the budget's unit.")
    percent: int = Field(ge=0, description="Share of the limit.")
    estimated: str = Field(default="0", max_length=32, description="The part of it that no provider reported.")
    would_deny: int = Field(default=0, ge=0, description="Calls that a budget in mode Shadow would have refused.")
    unpriced: int = Field(default=0, ge=0, description="Calls whose cost is unknown.")
    step: StepAction | None = Field(default=None, description="The step of the ladder that holds.")


class BudgetStatus(CommonStatus):
    """What is known of the budget."""

    agents: AgentCounts | None = Field(default=None, description="Agents bound by the budget.")
    usage: list[Usage] = Field(
        default=[],
        max_length=10,
        description="The scopes that used most; written once a minute at most.",
        json_schema_extra=marks(list_type="map", map_keys=("scope",)),
    )
    used_percent: int | None = Field(
        default=None, ge=0, description="Share of the limit that the scope which used most has used."
    )
    bound_by: list[BudgetName] = Field(
        default=[],
        max_length=8,
        description="Budgets that are reached before this one in every Agent that it binds, as `namespace/name`.",
        json_schema_extra=marks(list_type="atomic"),
    )
