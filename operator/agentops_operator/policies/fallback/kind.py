"""What the generator and the runtime know of ProviderFallback."""

from agentops_operator.api.kind import NAME_RULE, KindInfo
from agentops_operator.policies.columns import POLICY_COLUMNS, POLICY_CONDITIONS
from agentops_operator.policies.fallback.types import SPEC_RULES, ProviderFallbackSpec, ProviderFallbackStatus

PROVIDER_FALLBACK = KindInfo(
    kind="ProviderFallback",
    plural="providerfallbacks",
    singular="providerfallback",
    short_names=("pf",),
    description="Declares model aliases, the providers behind them, and what happens when one of them fails.",
    spec=ProviderFallbackSpec,
    status=ProviderFallbackStatus,
    columns=POLICY_COLUMNS,
    root_validations=(NAME_RULE,),
    validations=SPEC_RULES,
    conditions=POLICY_CONDITIONS,
)
