"""Limits on what an Agent's runs may use: `Agent.spec.execution`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from agentops_operator.api.model import Model, cel, marks
from agentops_operator.api.money import Dollars, micro
from agentops_operator.api.verdict import Verdict

ToolName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
AliasName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?$")
]
YEAR = 31_622_400
DEFAULT_OUTPUT_TOKENS = 16_384  # of a call whose Agent and policies say nothing: more than most answers, less than a bill


class LimitAction(StrEnum):
    """What happens at a limit."""

    REFUSE = "Refuse"
    HOLD = "Hold"


def _action() -> Any:
    return Field(
        default=LimitAction.REFUSE,
        description="Refuse: the call is refused. Hold: the run waits for a person, who decides by a RunHold.",
    )


class OnGatewayDown(StrEnum):
    """What the forwarder in the pod does with a call while the gateway cannot be reached."""

    REFUSE = "Refuse"
    DIRECT = "Direct"


class Count(Model):
    """A number of calls or tokens."""

    max: int = Field(ge=1, le=1_000_000_000_000, description="The most that a run may use.")
    action: LimitAction = _action()


class Cost(Model):
    """An amount of money."""

    max: Dollars = Field(
        description='The most that a run may cost, in USD, for example "2.00".',
        json_schema_extra=marks(cel("self.matches('[1-9]')", "max must be more than zero")),
    )
    action: LimitAction = _action()


class Duration(Model):
    """A span of time."""

    max: int = Field(ge=1, le=YEAR, description="Seconds since the run's first call; time in which it was held does not count.")
    action: LimitAction = _action()


class Repeats(Model):
    """Identical calls in a row."""

    max: int = Field(ge=2, le=64, description="The identical call that is one too many.")
    action: LimitAction = _action()


class NoProgress(Model):
    """A run that goes in circles."""

    calls: int = Field(default=8, ge=2, le=64, description="How many of the last calls are looked at.")
    distinct: int = Field(
        default=2, ge=1, le=63, description="With no more different calls than this among them, it makes no progress."
    )
    action: LimitAction = _action()


NO_PROGRESS_RULES = (cel("self.distinct < self.calls", "distinct must be less than calls"),)


class RunLimits(Model):
    """Limits of each run."""

    steps: Count | None = Field(default=None, description="Model calls of a run.")
    tokens: Count | None = Field(default=None, description="Tokens of a run, input and output together.")
    cost: Cost | None = Field(default=None, description="Cost of a run.")
    seconds: Duration | None = Field(default=None, description="Wall clock of a run.")
    identical_calls: Repeats | None = Field(default=None, description="Identical calls in a row: a loop.")
    no_progress: NoProgress | None = Field(
        default=None, description="Few different calls in a while: a wider loop.", json_schema_extra=marks(*NO_PROGRESS_RULES)
    )


class TakeOver(Model):
    """Who answers the calls of a run that a person took over."""

    model: AliasName = Field(
        description="Alias of the Agent that answers them, for example one that leads to a person's own endpoint."
    )


def _limit(most: int, text: str) -> Any:
    return Field(default=None, ge=1, le=most, description=text)


class Execution(Model):
    """What runs of the Agent may use. What is left out is not limited."""

    run: RunLimits = Field(default=RunLimits(), description="Limits of each run.")
    on_missing_run_id: Verdict = Field(
        default=Verdict.ALLOW,
        description="What happens to calls that name no run; let through, they have the Agent's limits only.",
    )
    concurrent_runs: int | None = _limit(1_000_000, "Runs at once.")
    new_runs_per_minute: int | None = _limit(
        1_000_000, "Runs that may begin in any minute; or a fresh id would lift every limit."
    )
    concurrent_calls: int | None = _limit(1_000_000, "Calls at once.")
    calls_per_minute: int | None = _limit(10_000_000, "Calls in any minute.")
    tokens_per_minute: int | None = _limit(1_000_000_000_000, "Tokens in any minute.")
    run_idle_seconds: int | None = _limit(YEAR, "A run counts as ended this long after its last call; 600 when absent.")
    hold_expiry_seconds: int | None = _limit(YEAR, "A held run is cancelled when nobody decided for so long; a day when absent.")
    take_over: TakeOver | None = Field(
        default=None, description="What answers a run that a person took over; without it, its calls are refused."
    )
    stream_seconds: int | None = _limit(86_400, "Longest streamed answer, in time.")
    stream_tokens: int | None = _limit(10_000_000, "Longest streamed answer, in tokens.")
    max_output_tokens: int | None = _limit(
        10_000_000, "Longest answer of a call; written into the request. The smallest of Agent and policies holds, else 16384."
    )
    read_only_tools: list[ToolName] = Field(
        default=[],
        max_length=64,
        description="Tools that change nothing: those that stay when a budget steps down to read-only tools.",
        json_schema_extra=marks(list_type="set"),
    )
    on_state_error: Verdict = Field(
        default=Verdict.DENY, description="What happens to calls with a limit while the gateway cannot reach its state store."
    )
    on_unknown_price: Verdict = Field(
        default=Verdict.DENY, description="What happens to calls of unknown cost where run.cost is limited."
    )
    on_gateway_down: OnGatewayDown = Field(
        default=OnGatewayDown.REFUSE,
        description="While the gateway cannot be reached: Refuse answers an error; Direct sends the call to the provider with "
        "the agent's own key, past every limit, where each platform ProviderFallback of the Agent says directCalls: Allowed.",
    )


UNLIMITED = Execution(on_state_error=Verdict.ALLOW, on_unknown_price=Verdict.ALLOW)
"""What holds for an Agent that declares nothing: a state store that is down must not stop it."""

NUMBERS = (
    "concurrentRuns",
    "newRunsPerMinute",
    "concurrentCalls",
    "callsPerMinute",
    "tokensPerMinute",
    "runIdleSeconds",
    "holdExpirySeconds",
    "streamSeconds",
    "streamTokens",
)


def execution_entry(execution: Execution, models: Mapping[str, str]) -> dict[str, Any]:
    """The `execution` of an Agent in the gateway plan.

    Args:
        execution: the limits.
        models: route of each alias that the Agent has.
    """
    fields = execution.dump()
    run = dict(fields["run"])
    cost = run.pop("cost", None)
    if cost is not None:
        run["microUSD"] = {**cost, "max": micro(cost["max"])}
    route = models.get(execution.take_over.model) if execution.take_over else None
    return {
        "requireRunId": execution.on_missing_run_id is Verdict.DENY,
        "run": run,
        **{name: fields[name] for name in NUMBERS if name in fields},
        **({"takeOverRoute": route} if route else {}),
        "onStateError": str(execution.on_state_error),
    }
