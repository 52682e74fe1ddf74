"""What the generator and the runtime know of RunHold."""

from agentops_operator.agent.holds.types import SPEC_RULES, RunHoldSpec, RunHoldStatus
from agentops_operator.api.kind import Column, KindInfo
from agentops_operator.api.reason import ConditionType

RUN_HOLD = KindInfo(
    kind="RunHold",
    plural="runholds",
    singular="runhold",
    short_names=("rh",),
    description="A run that waits for a person: why, since when, what it cost, and what was decided. Made by the operator, kept "
    "by count; a person writes spec.decision, and nothing else.",
    spec=RunHoldSpec,
    status=RunHoldStatus,
    columns=(
        Column("Agent", ".spec.agent"),
        Column("Run", ".spec.run"),
        Column("State", ".status.state"),
        Column("Reason", ".status.reason"),
        Column("Used", ".status.used"),
        Column("Limit", ".status.limit"),
        Column("USD", ".status.cost"),
        Column("Decision", ".spec.decision.verb"),
        Column("By", ".status.decidedBy", priority=1),
        Column("Expires", ".status.expires", priority=1),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ),
    record=True,
    validations=SPEC_RULES,
    conditions=(ConditionType.ACCEPTED, ConditionType.PROGRAMMED, ConditionType.ENFORCED, ConditionType.NOTIFIED),
)
