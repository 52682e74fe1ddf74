"""The policy kinds. A new kind is a folder here, one line in `POLICIES`, and a folder of golden cases."""

from agentops_operator.policies.budget.kind import BUDGET
from agentops_operator.policies.evaluation.kind import EVAL_POLICY, EVAL_RUN
from agentops_operator.policies.fallback.kind import PROVIDER_FALLBACK
from agentops_operator.policies.masking.kind import MASKING_POLICY
from agentops_operator.policies.trace.kind import TRACE_POLICY

POLICIES = (MASKING_POLICY, TRACE_POLICY, EVAL_POLICY, PROVIDER_FALLBACK, BUDGET)
RECORDS = (EVAL_RUN,)
