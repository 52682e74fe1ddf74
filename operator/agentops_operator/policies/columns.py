"""Printer columns that all policies share."""

from agentops_operator.api.kind import Column

POLICY_COLUMNS = (
    Column("Accepted", '.status.conditions[?(@.type=="Accepted")].status'),
    Column("Programmed", '.status.conditions[?(@.type=="Programmed")].status'),
    Column("Enforced", '.status.conditions[?(@.type=="Enforced")].status'),
    Column("Agents", ".status.agents.matched", "integer"),
    Column("Reason", '.status.conditions[?(@.type=="Enforced")].reason', priority=1),
    Column("Age", ".metadata.creationTimestamp", "date"),
)
