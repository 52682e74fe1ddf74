"""The Agent resource."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from agentops_operator.agent.egress.types import EGRESS_RULES, Egress
from agentops_operator.agent.execution import Execution
from agentops_operator.api.model import Model, StatusModel, marks
from agentops_operator.api.selector import LabelSelector
from agentops_operator.api.status import CommonStatus

SHOWN_POLICIES = 64
ContainerName = Annotated[str, StringConstraints(min_length=1, max_length=63)]


class WorkloadKind(StrEnum):
    """Kinds of workload that an Agent can point at."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"
    JOB = "Job"
    CRON_JOB = "CronJob"
    POD = "Pod"


class TargetRef(Model):
    """A workload in the Agent's namespace."""

    kind: WorkloadKind = Field(description="Kind of the workload.")
    name: Annotated[str, StringConstraints(min_length=1, max_length=253)] = Field(description="Name of the workload.")


class AgentSpec(Model):
    """Which pods are the agent, and what it is for."""

    target_ref: TargetRef | None = Field(default=None, description="The workload that runs the agent.")
    pod_selector: LabelSelector | None = Field(
        default=None, description="Pods that run the agent; needs one equality or one In expression."
    )
    containers: list[ContainerName] = Field(
        default=[],
        max_length=32,
        json_schema_extra=marks(list_type="set"),
        description="Containers that get settings; empty means all.",
    )
    use_case: Annotated[str, StringConstraints(max_length=63)] | None = Field(
        default=None, description="What the agent is for; a label of metrics and cost."
    )
    service_account_name: Annotated[str, StringConstraints(max_length=253)] | None = Field(
        default=None, description="Only pods of this service account are the agent; others cannot speak in its name."
    )
    execution: Execution | None = Field(
        default=None, description="Limits on what runs of the agent may use; enforced at the gateway, on calls that pass it."
    )
    egress: Egress | None = Field(
        default=None,
        description="Where its pods may connect to; absent means everywhere, unless a policy demands otherwise.",
        json_schema_extra=marks(*EGRESS_RULES),
    )


class PodCounts(StatusModel):
    """Pods of the Agent."""

    matched: int = Field(default=0, ge=0, description="Pods that match.")
    injected: int = Field(default=0, ge=0, description="Pods that carry the sidecar.")
    reporting: int = Field(default=0, ge=0, description="Pods whose sidecar reports the current rules.")
    outdated: int = Field(
        default=0,
        ge=0,
        description="Pods whose sidecar has another version or another gateway than new ones.",
    )
    skipped: int = Field(default=0, ge=0, description="Pods left alone on purpose.")
    bypassed: int = Field(default=0, ge=0, description="Pods with a container that keeps an own endpoint.")


class BoundPolicy(StatusModel):
    """A policy that binds the Agent."""

    kind: str = Field(max_length=63, description="Kind of the policy.")
    namespace: str = Field(max_length=63, description="Namespace of the policy.")
    name: str = Field(max_length=253, description="Name of the policy.")


class AgentStatus(CommonStatus):
    """What is known of the Agent."""

    traced: str | None = Field(default=None, max_length=32, description="Pods that report the current rules / pods that match.")
    pods: PodCounts | None = Field(default=None, description="Counts of pods.")
    team: str | None = Field(default=None, max_length=63, description="Team that is charged, from the namespace.")
    capture: str | None = Field(default=None, max_length=16, description="How much content is kept, after all policies.")
    rules_digest: str | None = Field(default=None, max_length=80, description="Digest of the masking rules in force.")
    unlisted_holds: int | None = Field(
        default=None, ge=0, description="Held runs without a RunHold, as the Agent has too many of them; decide on some first."
    )
    egress: str | None = Field(
        default=None,
        max_length=32,
        description="Pods in which the canary of the relay was refused / pods that match; absent where egress is unrestricted.",
    )
    policies: list[BoundPolicy] = Field(
        default=[],
        max_length=SHOWN_POLICIES,
        description=f"Policies that bind the Agent, the first {SHOWN_POLICIES} by precedence.",
        json_schema_extra=marks(list_type="atomic"),
    )
