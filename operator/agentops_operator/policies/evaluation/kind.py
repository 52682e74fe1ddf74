"""What the generator and the runtime know of EvalPolicy and EvalRun."""

from agentops_operator.api.kind import NAME_RULE, Column, KindInfo, Rule
from agentops_operator.api.model import cel
from agentops_operator.policies.columns import POLICY_COLUMNS, POLICY_CONDITIONS
from agentops_operator.policies.evaluation.types import EvalPolicySpec, EvalPolicyStatus, EvalRunSpec

EVAL_POLICY = KindInfo(
    kind="EvalPolicy",
    plural="evalpolicies",
    singular="evalpolicy",
    short_names=("ep",),
    description="Declares a scheduled evaluation of Agents and the gate that a run must pass.",
    spec=EvalPolicySpec,
    status=EvalPolicyStatus,
    columns=(*POLICY_COLUMNS[:3], Column("Verdict", ".status.lastVerdict"), *POLICY_COLUMNS[3:]),
    rules=(
        Rule("batch", ("cronjobs",), ("get", "list", "watch", "create", "patch", "delete")),
        Rule("batch", ("jobs",), ("get", "list", "watch")),
    ),
    root_validations=(NAME_RULE,),
    conditions=POLICY_CONDITIONS,
    validations=(
        cel("!has(self.target.service) || has(self.dataset)", "dataset must be given when target is a service"),
        cel("!has(self.target.traces) || !has(self.dataset)", "remove dataset: recorded traces are judged without one"),
        cel(
            "!has(self.target.traces) || self.evaluators.all(e, e.type == 'NoSecrets' || has(e.value))",
            "recorded traces bring no expected text: give each evaluator a value",
        ),
    ),
)

EVAL_RUN = KindInfo(
    kind="EvalRun",
    plural="evalruns",
    singular="evalrun",
    short_names=("er",),
    description="Records one evaluation and its verdict. Written by the operator, immutable, kept by count.",
    spec=EvalRunSpec,
    columns=(
        Column("Agent", ".spec.agent"),
        Column("Policy", ".spec.policy"),
        Column("Verdict", ".spec.verdict"),
        Column("Passed", ".spec.passed", "integer"),
        Column("Cases", ".spec.cases", "integer"),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ),
    immutable=True,
)
