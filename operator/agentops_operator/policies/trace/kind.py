"""What the generator and the runtime know of TracePolicy."""

from agentops_operator.api.kind import NAME_RULE, KindInfo
from agentops_operator.policies.columns import POLICY_COLUMNS, POLICY_CONDITIONS
from agentops_operator.policies.trace.types import TracePolicySpec, TracePolicyStatus

TRACE_POLICY = KindInfo(
    kind="TracePolicy",
    plural="tracepolicies",
    singular="tracepolicy",
    short_names=("tp",),
    description="Declares what is captured of Agents' work, how much is exported, and to which systems.",
    spec=TracePolicySpec,
    status=TracePolicyStatus,
    columns=POLICY_COLUMNS,
    root_validations=(NAME_RULE,),
    conditions=POLICY_CONDITIONS,
)
