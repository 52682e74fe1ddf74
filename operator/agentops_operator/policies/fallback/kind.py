"""What the generator and the runtime know of ProviderFallback."""

from agentops_operator.api.kind import NAME_RULE, KindInfo, Rule
from agentops_operator.kube.names import TENANT_GATEWAY
from agentops_operator.policies.columns import POLICY_COLUMNS, POLICY_CONDITIONS
from agentops_operator.policies.fallback.types import SPEC_RULES, ProviderFallbackSpec, ProviderFallbackStatus

APPLY = ("get", "list", "watch", "create", "patch", "delete")
NAMED = (TENANT_GATEWAY,)

PROVIDER_FALLBACK = KindInfo(
    kind="ProviderFallback",
    plural="providerfallbacks",
    singular="providerfallback",
    short_names=("pf",),
    description="Declares model aliases, the providers behind them, and what happens when one of them fails.",
    spec=ProviderFallbackSpec,
    status=ProviderFallbackStatus,
    columns=POLICY_COLUMNS,
    rules=(
        # The gateway of a namespace whose policies bring credentials: by its name, so that nothing of a tenant is within reach.
        Rule("apps", ("deployments",), APPLY, NAMED),
        Rule("", ("services", "serviceaccounts"), APPLY, NAMED),
        Rule("policy", ("poddisruptionbudgets",), APPLY, NAMED),
    ),
    root_validations=(NAME_RULE,),
    validations=SPEC_RULES,
    conditions=POLICY_CONDITIONS,
)
