"""From a finished Job to the record of its run, and which records are old enough to go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.children import stamp
from agentops_operator.kube.digest import short
from agentops_operator.kube.names import LABEL_AGENT, LABEL_POLICY, LABEL_POLICY_NAMESPACE
from agentops_operator.policies.evaluation.contract import RunMessage
from agentops_operator.policies.evaluation.observe import Run
from agentops_operator.policies.evaluation.types import EvalRunSpec, Verdict

REASON_LIMIT = 1024


@dataclass(frozen=True)
class FinishedJob:
    """A Job of ours that ended; `failure` is what the Job controller said of it, empty when it completed."""

    namespace: str
    name: str
    uid: str
    cron_job: tuple[str, str]  # name and uid of the controller
    policy_namespace: str
    policy: str
    agent: str
    finished_at: str
    failure: str = ""


def run_name(job: FinishedJob) -> str:
    """Name of the record: by uid too, as a Job that is started by hand may reuse a name and records never change."""
    return f"{job.name}-{short(job.uid)}"


def eval_run(job: FinishedJob, message: str) -> dict[str, Any]:
    """The record, without owner: garbage collection would take the history with the Agent.

    Args:
        job: the Job.
        message: its pod's termination message; empty when there is none.
    """
    told = _read(message) or _did_not_run(job)
    spec = EvalRunSpec(
        policy=job.policy,
        policy_namespace=job.policy_namespace,
        agent=job.agent,
        job=job.name,
        verdict=told.verdict,
        reason=told.reason,
        cases=told.cases,
        passed=told.passed,
        failed=told.failed,
        errors=told.errors,
        dataset_digest=told.dataset_digest,
        finished_at=job.finished_at,
    )
    record = {"apiVersion": API_VERSION, "kind": "EvalRun", "metadata": {"name": run_name(job)}, "spec": spec.dump()}
    labels = {LABEL_AGENT: job.agent, LABEL_POLICY: job.policy, LABEL_POLICY_NAMESPACE: job.policy_namespace}
    return stamp(record, job.namespace, None, labels)


def _read(message: str) -> RunMessage | None:
    """A message that is cut, of another version, or that does not add up is none."""
    try:
        return RunMessage.model_validate_json(message)
    except ValidationError:
        return None


def _did_not_run(job: FinishedJob) -> RunMessage:
    ended = job.failure or "it completed"
    return RunMessage(verdict=Verdict.INCONCLUSIVE, reason=f"DidNotRun: the Job left no verdict; {ended}"[:REASON_LIMIT])


def of(runs: Iterable[Run], job: FinishedJob) -> list[Run]:
    """Runs of the Job's policy in its Agent, newest first."""
    wanted = (job.policy_namespace, job.policy, job.agent)
    own = [run for run in runs if (run.policy_namespace, run.policy, run.agent) == wanted]
    return sorted(own, key=lambda run: (run.finished_at, run.name), reverse=True)


def unrecorded(job: FinishedJob, runs: Sequence[Run], keep: int) -> bool:
    """Whether the Job still needs a record; one older than all that are kept would be made and removed for ever."""
    if any(run.name == run_name(job) for run in runs):
        return False
    return len(runs) < keep or job.finished_at >= runs[keep - 1].finished_at


def superfluous(runs: Sequence[Run], keep: int) -> Sequence[Run]:
    """Runs to delete, given newest first."""
    return runs[keep:]
