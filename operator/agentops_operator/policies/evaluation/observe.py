"""Whether an evaluation is in force in one Agent: it ran on time, and its verdict was a pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agentops_operator.api.condition import Condition, false, true, unknown
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.policies.evaluation.compile import STARTING_DEADLINE
from agentops_operator.policies.evaluation.cron import CronError, parse
from agentops_operator.policies.evaluation.types import EvalPolicySpec, Verdict

KIND = ConditionType.ENFORCED
SLACK = 60  # seconds between the end of a Job and the record of it


@dataclass(frozen=True)
class Run:
    """One EvalRun."""

    name: str
    uid: str
    policy_namespace: str
    policy: str
    agent: str
    verdict: Verdict
    reason: str
    finished_at: str


@dataclass(frozen=True)
class Schedule:
    """What the API server says of a CronJob; times as it writes them, `last` empty before the first Job."""

    name: str
    created: str
    last: str = ""


def newest(runs: Iterable[Run], policy_namespace: str, policy: str) -> Run | None:
    """The run of this policy that finished last."""
    own = [run for run in runs if (run.policy_namespace, run.policy) == (policy_namespace, policy)]
    return max(own, key=lambda run: (run.finished_at, run.name), default=None)


def enforced(spec: EvalPolicySpec, run: Run | None, schedule: Schedule | None, now: str) -> Condition:
    """Enforced of the policy in one Agent.

    Args:
        spec: the policy.
        run: its newest run in the Agent.
        schedule: its CronJob; None when there is none yet.
        now: the time; empty when it is not known, then lateness is not judged.
    """
    late = _late(spec, run, schedule, now) if schedule and now else ""
    if late:
        return false(KIND, Reason.DID_NOT_RUN, late)
    if run is None:
        return unknown(KIND, Reason.AWAITING_FIRST_OBSERVATION, f"no evaluation ran yet; the schedule is {spec.schedule}")
    told = f"EvalRun {run.name}: {run.reason}"
    match run.verdict:
        case Verdict.PASS:
            return true(KIND, Reason.ENFORCED, told)
        case Verdict.FAIL:
            return false(KIND, Reason.VERDICT_FAIL, told)
        case Verdict.INCONCLUSIVE:
            return false(KIND, Reason.VERDICT_INCONCLUSIVE, told)


def _late(spec: EvalPolicySpec, run: Run | None, schedule: Schedule, now: str) -> str:
    """What is late, or nothing. Looks at the schedule itself too: a CronJob that never starts a Job shows nothing late."""
    try:
        cron = parse(spec.schedule, spec.time_zone)
    except CronError as error:
        return str(error)
    moment = _time(now)
    reported = _time(run.finished_at) if run else None
    due = [cron.last(moment - patience(spec))]
    if schedule.last and _time(schedule.last) + patience(spec) <= moment:
        due.append(_time(schedule.last))
    missed = [at for at in due if at is not None and at > _time(schedule.created) and (reported is None or reported < at)]
    if not missed:
        return ""
    since = f"since EvalRun {run.name}" if run else "yet"
    return f"the schedule {spec.schedule} was due and no run was recorded {since}"


def next_look(spec: EvalPolicySpec, now: str) -> float | None:
    """Seconds until the next time at which the absence of a run means something; None when that never comes."""
    if not now:
        return None
    try:
        cron = parse(spec.schedule, spec.time_zone)
    except CronError:
        return None
    moment = _time(now)
    due = cron.next(moment - patience(spec))
    return None if due is None else max(1.0, (due + patience(spec) - moment).total_seconds())


def patience(spec: EvalPolicySpec) -> timedelta:
    """How long after its due time a run may still be on its way."""
    return timedelta(seconds=STARTING_DEADLINE + spec.timeout_seconds + SLACK)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
