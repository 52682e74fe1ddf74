"""What the generator and the runtime know of MaskingPolicy."""

from agentops_operator.api.kind import NAME_RULE, KindInfo
from agentops_operator.policies.columns import POLICY_COLUMNS, POLICY_CONDITIONS
from agentops_operator.policies.masking.types import MaskingPolicySpec, MaskingPolicyStatus

MASKING_POLICY = KindInfo(
    kind="MaskingPolicy",
    plural="maskingpolicies",
    singular="maskingpolicy",
    short_names=("mp",),
    description="Declares what is masked in the telemetry of Agents, inside the agent's own pod, and what the gateway does "
    "with the same findings in model calls.",
    spec=MaskingPolicySpec,
    status=MaskingPolicyStatus,
    columns=POLICY_COLUMNS,
    root_validations=(NAME_RULE,),
    conditions=POLICY_CONDITIONS,
)
