"""What the generator and the runtime know of Budget."""

from agentops_operator.api.kind import NAME_RULE, Column, KindInfo
from agentops_operator.policies.budget.types import SPEC_RULES, BudgetSpec, BudgetStatus
from agentops_operator.policies.columns import POLICY_COLUMNS, POLICY_CONDITIONS

BUDGET = KindInfo(
    kind="Budget",
    plural="budgets",
    singular="budget",
    short_names=("bu",),
    description="Declares what Agents may use in a window, and what happens on the way to the limit.",
    spec=BudgetSpec,
    status=BudgetStatus,
    columns=(
        Column("Limit", ".spec.limit"),
        Column("Unit", ".spec.unit"),
        Column("Window", ".spec.window.kind"),
        Column("Used%", ".status.usedPercent", "integer"),
        *POLICY_COLUMNS,
    ),
    root_validations=(NAME_RULE,),
    validations=SPEC_RULES,
    conditions=POLICY_CONDITIONS,
)
