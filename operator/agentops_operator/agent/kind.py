"""What the generator and the runtime know of Agent, its records and the injection index."""

from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.index_types import IndexRoot
from agentops_operator.agent.types import AgentSpec, AgentStatus
from agentops_operator.api.kind import NAME_RULE, Column, KindInfo, Rule
from agentops_operator.api.model import cel
from agentops_operator.api.reason import ConditionType

APPLY = ("get", "list", "watch", "create", "patch", "delete")

AGENT = KindInfo(
    kind="Agent",
    plural="agents",
    singular="agent",
    description="Points at a workload that runs an AI agent. Policies bind to Agents; the workload itself is never changed.",
    spec=AgentSpec,
    status=AgentStatus,
    columns=(
        Column("Traced", ".status.traced"),
        Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
        Column("Enforced", '.status.conditions[?(@.type=="Enforced")].status'),
        Column("Covered", '.status.conditions[?(@.type=="Covered")].status'),
        Column("Capture", ".status.capture"),
        Column("Reason", '.status.conditions[?(@.type=="Enforced")].reason', priority=1),
        Column("Team", ".status.team", priority=1),
        Column("Egress", ".status.egress", priority=1),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ),
    rules=(
        Rule("", ("configmaps",), APPLY),
        # Those of others are read too: they add up with ours, and one that allows more is told.
        Rule("networking.k8s.io", ("networkpolicies",), APPLY),
        Rule("", ("namespaces", "pods"), ("get", "list", "watch")),
        Rule("events.k8s.io", ("events",), ("create", "patch")),
        # Why pods were refused is told by the events of their controllers, and nowhere else.
        Rule("", ("events",), ("list", "watch")),
        # Alert rules, in clusters that have this API; not watched, because it may come and go.
        Rule("monitoring.coreos.com", ("prometheusrules",), ("get", "list", "create", "patch", "delete")),
    ),
    root_validations=(NAME_RULE,),
    conditions=tuple(ConditionType),
    validations=(cel("has(self.targetRef) != has(self.podSelector)", "give exactly one of targetRef and podSelector"),),
)

INJECTION_INDEX = KindInfo(
    kind="InjectionIndex",
    plural="injectionindexes",
    singular="injectionindex",
    description="Internal: what the admission policy looks up for each new pod. Written by the operator only.",
    root=IndexRoot,
    internal=True,
)

KINDS = (AGENT, RUN_HOLD, INJECTION_INDEX)
