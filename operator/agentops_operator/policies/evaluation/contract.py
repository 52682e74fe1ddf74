"""What passes between the operator and the evaluation runner: the settings of a run, and its message at the end."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from agentops_operator.api.model import Model
from agentops_operator.policies.evaluation.types import DnsName, Evaluator, Gate, Target, Verdict

CONFIG_VARIABLE = "AGENTOPS_EVAL_CONFIG"
DATASET_PATH = "/etc/agentops-evals/cases.yaml"
TOKEN_DIRECTORY = "/var/run/agentops-evals"  # noqa: S105  (a path)
READER_TOKEN = "reader"  # noqa: S105  (a file name)
AGENT_TOKEN = "agent"  # noqa: S105  (a file name)
READER_AUDIENCE = "agentops-relay"
MESSAGE_LIMIT = 4096  # the kubelet cuts a longer termination message, and half a message is none


class RunConfig(Model):
    """Settings of one run."""

    policy: DnsName
    policy_namespace: DnsName
    agent: DnsName
    namespace: DnsName
    relay: str = Field(description="Relay without port, `http://host`.")
    target: Target
    evaluators: list[Evaluator] = Field(min_length=1)
    gate: Gate
    deadline_seconds: float = Field(gt=0, description="Cases that are not judged by then are errors.")
    concurrency: int = Field(default=4, ge=1, description="Questions under way at a time.")


class EvaluatorCount(Model):
    """How one evaluator judged the cases; those that it could not judge are in neither number."""

    name: DnsName
    passed: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)


class RunMessage(Model):
    """The termination message of docs/contracts.md section 8."""

    version: Literal[1] = 1
    verdict: Verdict
    reason: Annotated[str, StringConstraints(max_length=1024)] = ""
    cases: int = Field(default=0, ge=0)
    passed: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)
    errors: int = Field(default=0, ge=0)
    evaluators: list[EvaluatorCount] = Field(default=[])
    dataset_digest: Annotated[str, StringConstraints(max_length=80)] = ""

    @model_validator(mode="after")
    def _adds_up(self) -> "RunMessage":
        if self.passed + self.failed + self.errors != self.cases:
            raise ValueError("passed, failed and errors must add up to cases")
        if self.verdict is Verdict.PASS and (self.errors or not self.passed + self.failed):
            raise ValueError("a run with errors, or without a judged case, is no pass")
        return self
