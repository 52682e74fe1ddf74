"""EvalPolicies as tests write them."""

from typing import Any

from agentops_operator.policies.evaluation.compile import Evaluation
from agentops_operator.policies.evaluation.types import EvalPolicySpec

SERVICE = {"service": {"name": "billing", "port": 8080, "path": "/ask"}}
SPEC: dict[str, Any] = {
    "schedule": "0 3 * * *",
    "dataset": {"configMapName": "billing-golden"},
    "target": SERVICE,
    "evaluators": [{"name": "right", "type": "Contains"}, {"name": "safe", "type": "NoSecrets"}],
}


def spec(**fields: Any) -> EvalPolicySpec:
    """A nightly evaluation of a Service, with some fields replaced."""
    return EvalPolicySpec.model_validate({**SPEC, **fields})


def evaluation(fields: dict[str, Any] | None = None, **keys: str) -> Evaluation:
    """One policy in one Agent."""
    known = {
        "policy_namespace": "shop",
        "policy_name": "nightly",
        "namespace": "shop",
        "agent": "billing",
        "image": "agentops/evals:0.1.0",
        "operator_namespace": "agentops-system",
        **keys,
    }
    return Evaluation(spec=spec(**(fields or {})), **known)
