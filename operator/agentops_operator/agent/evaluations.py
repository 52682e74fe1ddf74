"""Evaluations of one Agent: CronJobs to apply, and whether each policy is in force."""

from collections.abc import Iterable
from typing import Any

from agentops_operator.agent.facts import Input, Resource
from agentops_operator.agent.plan import Outcome
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.children import owner_reference, stamp
from agentops_operator.policies.evaluation.compile import Evaluation, compile_evaluation, cron_job_name
from agentops_operator.policies.evaluation.observe import enforced, newest, next_look
from agentops_operator.policies.evaluation.types import EvalPolicySpec

Policies = Iterable[Resource[Any]]


def cron_jobs(facts: Input, policies: Policies) -> tuple[dict[str, Any], ...]:
    """One CronJob for each policy that evaluates, owned by the Agent."""
    agent = facts.agent
    owner = owner_reference(API_VERSION, "Agent", agent.key.name, agent.uid)
    return tuple(stamp(compile_evaluation(_evaluation(facts, policy)), agent.key.namespace, owner) for policy in _own(policies))


def evaluation_outcomes(facts: Input, policies: Policies) -> tuple[Outcome, ...]:
    """How far the Agent is with each of them; programmed means that its CronJob stands in the cluster."""
    return tuple(_outcome(facts, policy) for policy in _own(policies))


def soonest_look(facts: Input, policies: Policies) -> float | None:
    """Seconds until one of them may be late."""
    looks = (next_look(policy.spec, facts.now) for policy in _own(policies))
    return min((seconds for seconds in looks if seconds is not None), default=None)


def _outcome(facts: Input, policy: Resource[EvalPolicySpec]) -> Outcome:
    name = cron_job_name(_evaluation(facts, policy))
    schedule = next((entry for entry in facts.schedules if entry.name == name), None)
    run = newest(facts.runs, policy.key.namespace, policy.key.name)
    state = enforced(policy.spec, run, schedule, facts.now)
    programmed = schedule is not None and not facts.apply_error
    return Outcome(policy.key, programmed, state.holds, state, run)


def _own(policies: Policies) -> Iterable[Resource[EvalPolicySpec]]:
    return (policy for policy in policies if isinstance(policy.spec, EvalPolicySpec))


def _evaluation(facts: Input, policy: Resource[EvalPolicySpec]) -> Evaluation:
    return Evaluation(
        policy_namespace=policy.key.namespace,
        policy_name=policy.key.name,
        spec=policy.spec,
        namespace=facts.agent.key.namespace,
        agent=facts.agent.key.name,
        image=facts.settings.evals_image,
        operator_namespace=facts.settings.operator_namespace,
    )
