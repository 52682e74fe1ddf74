"""A finished Job becomes an EvalRun, and old EvalRuns go."""

from collections.abc import Iterable
from typing import Any

from agentops_operator.agent.eval_runs import FinishedJob, eval_run, of, superfluous, unrecorded
from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import LABEL_AGENT, LABEL_POLICY, LABEL_POLICY_NAMESPACE
from agentops_operator.policies.evaluation.kind import EVAL_POLICY, EVAL_RUN
from agentops_operator.policies.evaluation.types import EvalPolicySpec
from agentops_operator.runtime.live import ours
from agentops_operator.runtime.objects import Cluster, Ref
from agentops_operator.runtime.store import Store

CONTAINER = "evals"


class RunRecorder:
    """Records what Jobs left behind, once for each Job."""

    def __init__(self, cluster: Cluster, store: Store) -> None:
        self._cluster = cluster
        self._store = store

    async def record(self, key: Key) -> list[Key]:
        """Records one Job if it has no record yet; returns the Agents for which that is new."""
        cache = self._store.evaluations
        job = cache.finished.get(key)
        keep = self._keep(job) if job is not None and self._trusted(job) else 0
        if job is None or keep == 0:
            return []
        agent = Key(AGENT.kind, job.namespace, job.agent)
        changed: list[Key] = []
        if unrecorded(job, of(cache.runs(agent), job), keep):
            record = eval_run(job, await self._message(job))
            answer = await self._cluster.apply(record)
            changed = cache.seen(EVAL_RUN.kind, {**record, "metadata": answer["metadata"]})
        for run in superfluous(of(cache.runs(agent), job), keep):
            await self._cluster.delete(Ref(API_VERSION, EVAL_RUN.kind, job.namespace, run.name), run.uid)
            cache.gone(EVAL_RUN.kind, {"metadata": {"namespace": job.namespace, "name": run.name}, "spec": {"agent": run.agent}})
        return changed

    def _trusted(self, job: FinishedJob) -> bool:
        """Whether our own CronJob made it, for the same Agent and policy: labels alone can be written by anybody."""
        name, uid = job.cron_job
        parent = self._store.children.get(Ref("batch/v1", "CronJob", job.namespace, name))
        agent = self._store.agents.get(Key(AGENT.kind, job.namespace, job.agent))
        if parent is None or agent is None or not ours(parent) or (parent.uid, parent.owner) != (uid, agent.uid):
            return False
        told = {LABEL_AGENT: job.agent, LABEL_POLICY: job.policy, LABEL_POLICY_NAMESPACE: job.policy_namespace}
        return all(parent.labels.get(label) == value for label, value in told.items())

    def _keep(self, job: FinishedJob) -> int:
        """How many runs the policy keeps; none when it is gone or cannot be read."""
        policy = self._store.policies.get(Key(EVAL_POLICY.kind, job.policy_namespace, job.policy))
        spec = policy.spec if isinstance(policy, Resource) else None
        return spec.keep_runs if isinstance(spec, EvalPolicySpec) else 0

    async def _message(self, job: FinishedJob) -> str:
        pods, _ = await self._cluster.list(
            Ref("v1", "Pod", job.namespace, ""), labels=f"batch.kubernetes.io/controller-uid={job.uid}"
        )
        return next((text for pod in pods for text in _messages(pod) if text), "")


def _messages(pod: dict[str, Any]) -> Iterable[str]:
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status["name"] == CONTAINER:
            yield ((status.get("state") or {}).get("terminated") or {}).get("message") or ""
