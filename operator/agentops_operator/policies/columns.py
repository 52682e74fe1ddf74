"""Printer columns and conditions that all policies share."""

from agentops_operator.api.kind import Column
from agentops_operator.api.reason import ConditionType

POLICY_COLUMNS = (
    Column("Accepted", '.status.conditions[?(@.type=="Accepted")].status'),
    Column("Programmed", '.status.conditions[?(@.type=="Programmed")].status'),
    Column("Enforced", '.status.conditions[?(@.type=="Enforced")].status'),
    Column("Agents", ".status.agents.matched", "integer"),
    Column("Reason", '.status.conditions[?(@.type=="Enforced")].reason', priority=1),
    Column("Age", ".metadata.creationTimestamp", "date"),
)

POLICY_CONDITIONS = (
    ConditionType.READY,
    ConditionType.RECONCILING,
    ConditionType.STALLED,
    ConditionType.ACCEPTED,
    ConditionType.PROGRAMMED,
    ConditionType.ENFORCED,
)
