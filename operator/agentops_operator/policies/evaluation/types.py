"""The EvalPolicy and EvalRun resources."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from agentops_operator.api.binding import Attachment
from agentops_operator.api.model import Model, cel, marks
from agentops_operator.api.status import AgentCounts, CommonStatus

DnsName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]


class ConfigMapKey(Model):
    """One key of a ConfigMap in the Agent's namespace: a run mounts it, and pods mount from their own namespace only."""

    config_map_name: Annotated[str, StringConstraints(min_length=1, max_length=253)] = Field(description="Name of the ConfigMap.")
    key: Annotated[str, StringConstraints(min_length=1, max_length=253)] = Field(
        default="cases.yaml", description="Key in the ConfigMap."
    )


class ServiceTarget(Model):
    """The agent's Service is asked each question of the data set."""

    name: DnsName = Field(description="Name of the Service in the Agent's namespace.")
    port: int = Field(default=80, ge=1, le=65535, description="Port of the Service.")
    path: Annotated[str, StringConstraints(max_length=256, pattern=r"^/")] = Field(
        default="/", description='Path that takes `{"input": …}` by POST and answers `{"output": …}`.'
    )


class TracesTarget(Model):
    """Recorded, masked traces are judged; nothing is asked again."""

    lookback_minutes: int = Field(default=60, ge=1, le=44640, description="How far back traces are read.")


class Target(Model):
    """What is evaluated."""

    service: ServiceTarget | None = Field(default=None, description="Ask the agent.")
    traces: TracesTarget | None = Field(default=None, description="Read what was recorded.")


class EvaluatorType(StrEnum):
    """Rules that need no model."""

    CONTAINS = "Contains"
    EQUALS = "Equals"
    REGEX = "Regex"
    JSON_SCHEMA = "JsonSchema"
    MAX_LATENCY = "MaxLatency"
    NO_SECRETS = "NoSecrets"


class Evaluator(Model):
    """One rule that each case must pass."""

    name: DnsName = Field(description="Name in results and metrics.")
    type: EvaluatorType = Field(description="The rule.")
    value: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = Field(
        default=None,
        description="Text, RE2 expression, JSON schema, or milliseconds; absent means that each case brings its own `expected`.",
    )


class Gate(Model):
    """When a run passes."""

    min_pass_percent: int = Field(default=100, ge=0, le=100, description="Cases that must pass, in percent.")
    min_cases: int = Field(default=1, ge=1, le=100000, description="Cases that must have been judged; fewer is Inconclusive.")


TARGET_RULES = (cel("has(self.service) != has(self.traces)", "give exactly one of service and traces"),)
EVALUATOR_RULES = (
    cel(
        "self.all(e, e.type != 'MaxLatency' || (has(e.value) && e.value.matches('^[1-9][0-9]{0,6}$')))",
        "an evaluator of type MaxLatency needs value in milliseconds, 1 to 9999999",
    ),
    cel(
        "self.all(e, e.type != 'JsonSchema' || has(e.value))",
        "an evaluator of type JsonSchema needs a JSON schema in value",
    ),
    cel(
        "self.all(e, e.type != 'Regex' || !has(e.value) || !\"\".matches(e.value))",
        "an evaluator of type Regex needs a valid RE2 expression; one that matches the empty text would pass every answer",
    ),
    cel(
        "self.all(e, e.type != 'NoSecrets' || !has(e.value))",
        "an evaluator of type NoSecrets takes no value: it uses the detectors of the Credentials pack",
    ),
)


class EvalPolicySpec(Attachment):
    """A scheduled evaluation."""

    schedule: Annotated[str, StringConstraints(min_length=9, max_length=64)] = Field(
        description="Cron expression with five fields.",
        json_schema_extra=marks(
            cel(
                r"self.matches('^\\S+\\s+\\S+\\s+\\S+\\s+\\S+\\s+\\S+$')",
                "schedule must be a cron expression with five fields, for example '0 3 * * *'",
            )
        ),
    )
    time_zone: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="Etc/UTC", description="Time zone of the schedule, for example Europe/Berlin."
    )
    dataset: ConfigMapKey | None = Field(default=None, description="Golden set; needed when a service is asked.")
    target: Target = Field(description="What is evaluated.", json_schema_extra=marks(*TARGET_RULES))
    evaluators: list[Evaluator] = Field(
        min_length=1,
        max_length=16,
        description="Rules that each case must pass.",
        json_schema_extra=marks(*EVALUATOR_RULES, list_type="map", map_keys=("name",)),
    )
    gate: Gate = Field(default=Gate(), description="When a run passes.")
    timeout_seconds: int = Field(default=600, ge=10, le=86400, description="A run that takes longer is Inconclusive.")
    keep_runs: int = Field(default=10, ge=1, le=100, description="EvalRun records kept for each Agent.")


class Verdict(StrEnum):
    """Outcome of a run; what did not run is never a pass."""

    PASS = "Pass"  # noqa: S105  (a verdict)
    FAIL = "Fail"
    INCONCLUSIVE = "Inconclusive"


class EvalPolicyStatus(CommonStatus):
    """What is known of the policy."""

    agents: AgentCounts | None = Field(default=None, description="Agents bound by the policy.")
    last_run: Annotated[str, StringConstraints(max_length=253)] | None = Field(
        default=None, description="Name of the newest EvalRun."
    )
    last_verdict: Verdict | None = Field(default=None, description="Verdict of the newest EvalRun.")


class EvalRunSpec(Model):
    """What was run; it never changes."""

    policy: DnsName = Field(description="EvalPolicy that asked for the run.")
    policy_namespace: DnsName = Field(description="Namespace of the EvalPolicy.")
    agent: DnsName = Field(description="Agent that was evaluated.")
    job: Annotated[str, StringConstraints(max_length=253)] = Field(description="Job that ran.")
    verdict: Verdict = Field(description="Outcome.")
    reason: Annotated[str, StringConstraints(max_length=1024)] = Field(default="", description="Why the verdict is what it is.")
    cases: int = Field(default=0, ge=0, description="Cases of the run: passed, failed and errors together.")
    passed: int = Field(default=0, ge=0, description="Cases that passed.")
    failed: int = Field(default=0, ge=0, description="Cases that failed.")
    errors: int = Field(default=0, ge=0, description="Cases that could not be judged.")
    dataset_digest: Annotated[str, StringConstraints(max_length=80)] = Field(default="", description="Digest of the data set.")
    finished_at: str = Field(description="When the Job ended.", json_schema_extra={"format": "date-time"})
