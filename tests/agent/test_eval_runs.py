"""From finished Jobs to records."""

import json
from dataclasses import replace

import pytest

from agentops_operator.agent.eval_runs import FinishedJob, eval_run, of, run_name, superfluous, unrecorded
from agentops_operator.policies.evaluation.observe import Run
from agentops_operator.policies.evaluation.types import Verdict

JOB = FinishedJob("shop", "billing-1", "uid-1", ("billing", "cron"), "shop", "nightly", "billing", "2026-11-23T03:05:00Z")
GOOD = {"version": 1, "verdict": "Pass", "reason": "all", "cases": 2, "passed": 2, "failed": 0, "errors": 0}


def run(number: int) -> Run:
    """The run of the day `number`."""
    return Run(f"r{number}", f"u{number}", "shop", "nightly", "billing", Verdict.PASS, "", f"2026-11-{number:02}T03:05:00Z")


def test_message_becomes_the_record() -> None:
    """Numbers and verdict are those of the runner; the record has no owner, so that it outlives its Agent."""
    record = eval_run(JOB, json.dumps(GOOD))
    assert record["spec"]["verdict"] == "Pass"
    assert record["spec"]["passed"] == 2
    assert "ownerReferences" not in record["metadata"]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="none"),
        pytest.param('{"version": 1, "verdict": "Pa', id="cut"),
        pytest.param(json.dumps({**GOOD, "version": 2}), id="another version"),
        pytest.param(json.dumps({**GOOD, "cases": 0, "passed": 0}), id="pass without cases"),
        pytest.param(json.dumps({**GOOD, "cases": 3, "errors": 1}), id="pass with errors"),
        pytest.param(json.dumps({**GOOD, "cases": 3}), id="numbers that do not add up"),
        pytest.param(json.dumps({**GOOD, "extra": 1}), id="unknown field"),
    ],
)
def test_anything_but_a_sound_message_did_not_run(message: str) -> None:
    """What cannot be read is never a pass."""
    spec = eval_run(replace(JOB, failure="DeadlineExceeded: too long"), message)["spec"]
    assert spec["verdict"] == "Inconclusive"
    assert spec["reason"] == "DidNotRun: the Job left no verdict; DeadlineExceeded: too long"


def test_name_tells_jobs_of_one_name_apart() -> None:
    """A Job made by hand may reuse a name, and a record cannot be changed."""
    assert run_name(JOB) != run_name(replace(JOB, uid="uid-2"))
    assert run_name(JOB) == run_name(JOB)


def test_only_the_newest_are_kept() -> None:
    """The limit counts the runs of one policy in one Agent."""
    other = replace(run(9), policy="hourly")
    runs = of([run(1), run(3), run(2), other], JOB)
    assert [known.name for known in runs] == ["r3", "r2", "r1"]
    assert [known.name for known in superfluous(runs, 2)] == ["r1"]


def test_job_older_than_all_kept_runs_is_left_alone() -> None:
    """Otherwise each restart would record it and remove it again."""
    runs = of([run(27), run(28)], JOB)
    assert not unrecorded(JOB, runs, 2)
    assert unrecorded(JOB, runs, 3)
    assert not unrecorded(JOB, [replace(run(1), name=run_name(JOB))], 10)
