"""What the watches show of evaluations: CronJobs, finished Jobs, and the records of runs."""

from collections.abc import Mapping
from typing import Any

from agentops_operator.agent.eval_runs import FinishedJob
from agentops_operator.agent.facts import Key
from agentops_operator.agent.kind import AGENT
from agentops_operator.kube.names import LABEL_AGENT, LABEL_MANAGED_BY, LABEL_POLICY, LABEL_POLICY_NAMESPACE, MANAGED_BY
from agentops_operator.policies.evaluation.kind import EVAL_RUN
from agentops_operator.policies.evaluation.observe import Run, Schedule
from agentops_operator.policies.evaluation.types import Verdict

JOB_KIND = "Job"
ENDS = ("Complete", "Failed")


class EvaluationCache:
    """Slim facts by Agent; bodies are not kept."""

    def __init__(self) -> None:
        self._runs: dict[Key, dict[str, Run]] = {}
        self._schedules: dict[Key, dict[str, Schedule]] = {}
        self.finished: dict[Key, FinishedJob] = {}

    def runs(self, agent: Key) -> tuple[Run, ...]:
        """Runs of an Agent, in the order of their names."""
        return tuple(run for _, run in sorted(self._runs.get(agent, {}).items()))

    def every_run(self) -> tuple[tuple[Key, Run], ...]:
        """All runs, each with the Agent that it is about."""
        return tuple((agent, run) for agent, runs in self._runs.items() for run in runs.values())

    def schedules(self, agent: Key) -> tuple[Schedule, ...]:
        """CronJobs of an Agent, in the order of their names."""
        return tuple(schedule for _, schedule in sorted(self._schedules.get(agent, {}).items()))

    def seen(self, kind: str, body: Mapping[str, Any]) -> list[Key]:
        """Takes a body in; returns the keys that may come out differently now."""
        if kind == EVAL_RUN.kind:
            return self._put(self._runs, read_run(body))
        if not _ours(body):
            return []
        if kind == JOB_KIND:
            return self._job(body)
        return self._put(self._schedules, (_agent_of(body), read_schedule(body)))

    def gone(self, kind: str, body: Mapping[str, Any]) -> list[Key]:
        """Forgets an object that was deleted."""
        metadata = body["metadata"]
        if kind == JOB_KIND:
            self.finished.pop(Key(JOB_KIND, metadata["namespace"], metadata["name"]), None)
            return []
        agent = read_run(body)[0] if kind == EVAL_RUN.kind else _agent_of(body)
        known = (self._runs if kind == EVAL_RUN.kind else self._schedules).get(agent, {})
        return [] if known.pop(metadata["name"], None) is None else [agent]

    def _put(self, known: dict[Key, dict[str, Any]], fact: tuple[Key, Run | Schedule]) -> list[Key]:
        agent, value = fact
        entries = known.setdefault(agent, {})
        if entries.get(value.name) == value:
            return []
        entries[value.name] = value
        return [agent]

    def _job(self, body: Mapping[str, Any]) -> list[Key]:
        job = read_job(body)
        if job is None:
            return []
        key = Key(JOB_KIND, job.namespace, job.name)
        self.finished[key] = job
        return [key]


def read_run(body: Mapping[str, Any]) -> tuple[Key, Run]:
    """A run, and the Agent that it is about; a record of another version says nothing that counts as a pass."""
    metadata, spec = body["metadata"], body.get("spec") or {}
    told = spec.get("verdict")
    run = Run(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        policy_namespace=spec.get("policyNamespace", ""),
        policy=spec.get("policy", ""),
        agent=spec.get("agent", ""),
        verdict=Verdict(told) if told in tuple(Verdict) else Verdict.INCONCLUSIVE,
        reason=spec.get("reason", ""),
        finished_at=spec.get("finishedAt", ""),
    )
    return Key(AGENT.kind, metadata["namespace"], run.agent), run


def read_schedule(body: Mapping[str, Any]) -> Schedule:
    """What a CronJob says of its times."""
    metadata, status = body["metadata"], body.get("status") or {}
    return Schedule(metadata["name"], metadata.get("creationTimestamp", ""), status.get("lastScheduleTime") or "")


def read_job(body: Mapping[str, Any]) -> FinishedJob | None:
    """A Job that ended; None while it runs."""
    metadata, status = body["metadata"], body.get("status") or {}
    ends = [entry for entry in status.get("conditions") or [] if entry["type"] in ENDS and entry["status"] == "True"]
    if not ends:
        return None
    owner: Mapping[str, str] = next((entry for entry in metadata.get("ownerReferences") or [] if entry.get("controller")), {})
    labels, end = metadata["labels"], ends[0]
    told = ": ".join(text for text in (end.get("reason", ""), end.get("message", "")) if text)
    return FinishedJob(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        cron_job=(owner.get("name", ""), owner.get("uid", "")),
        policy_namespace=labels.get(LABEL_POLICY_NAMESPACE, ""),
        policy=labels.get(LABEL_POLICY, ""),
        agent=labels.get(LABEL_AGENT, ""),
        finished_at=end.get("lastTransitionTime") or metadata.get("creationTimestamp", ""),
        failure=told if end["type"] == "Failed" else "",
    )


def _ours(body: Mapping[str, Any]) -> bool:
    return bool((body["metadata"].get("labels") or {}).get(LABEL_MANAGED_BY) == MANAGED_BY)


def _agent_of(body: Mapping[str, Any]) -> Key:
    metadata = body["metadata"]
    return Key(AGENT.kind, metadata["namespace"], (metadata.get("labels") or {}).get(LABEL_AGENT, ""))
