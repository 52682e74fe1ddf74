"""Whether an evaluation is in force."""

from dataclasses import replace

import pytest

from agentops_operator.api.condition import State
from agentops_operator.api.reason import Reason
from agentops_operator.policies.evaluation.observe import Run, Schedule, enforced, newest, next_look
from agentops_operator.policies.evaluation.types import Verdict
from tests.policies.evaluation.builders import spec

SPEC = spec()  # at 03:00, with 600 s to run
RUN = Run("r1", "u1", "shop", "nightly", "billing", Verdict.PASS, "20 of 20", "2026-11-23T03:05:00Z")
CRON = Schedule("billing-nightly-eval", "2026-11-20T12:00:00Z", "2026-11-23T03:00:00Z")


@pytest.mark.parametrize(
    ("verdict", "status", "reason"),
    [
        (Verdict.PASS, State.TRUE, Reason.ENFORCED),
        (Verdict.FAIL, State.FALSE, Reason.VERDICT_FAIL),
        (Verdict.INCONCLUSIVE, State.FALSE, Reason.VERDICT_INCONCLUSIVE),
    ],
)
def test_verdict_of_the_newest_run_decides(verdict: Verdict, status: State, reason: Reason) -> None:
    """Only a pass is in force."""
    state = enforced(SPEC, replace(RUN, verdict=verdict), CRON, "2026-11-23T04:00:00Z")
    assert (state.status, state.reason) == (status, reason)


def test_before_the_first_run_nothing_is_known() -> None:
    """A new policy is neither in force nor broken."""
    state = enforced(SPEC, None, Schedule("c", "2026-11-23T04:00:00Z"), "2026-11-23T10:00:00Z")
    assert (state.status, state.reason) == (State.UNKNOWN, Reason.AWAITING_FIRST_OBSERVATION)
    assert enforced(SPEC, None, None, "2026-11-23T10:00:00Z").status is State.UNKNOWN


def test_run_under_way_leaves_the_last_verdict() -> None:
    """While a run may still come, the verdict of the one before holds."""
    cron = replace(CRON, last="2026-11-24T03:00:00Z")
    assert enforced(SPEC, RUN, cron, "2026-11-24T03:15:00Z").holds


def test_job_that_left_no_record_did_not_run() -> None:
    """A pass of yesterday does not stand in for a run that was due today."""
    cron = replace(CRON, last="2026-11-24T03:00:00Z")
    state = enforced(SPEC, RUN, cron, "2026-11-24T03:20:00Z")
    assert (state.status, state.reason) == (State.FALSE, Reason.DID_NOT_RUN)


def test_schedule_that_starts_no_job_did_not_run() -> None:
    """A CronJob whose controller is away shows an old last time for ever; the schedule itself tells that it is late."""
    state = enforced(SPEC, RUN, CRON, "2026-11-24T03:20:00Z")
    assert (state.status, state.reason) == (State.FALSE, Reason.DID_NOT_RUN)
    first = enforced(SPEC, None, replace(CRON, last=""), "2026-11-24T03:20:00Z")
    assert first.reason is Reason.DID_NOT_RUN


def test_message_does_not_move_with_the_clock() -> None:
    """Otherwise every pass would write the status."""
    one, two = (enforced(SPEC, RUN, CRON, f"2026-11-25T{hour}:00:00Z") for hour in ("05", "06"))
    assert one == two


def test_next_look_is_when_lateness_shows() -> None:
    """No watch tells that something did not happen, so the Agent is looked at again by then."""
    now = "2026-11-24T02:00:00Z"
    seconds = next_look(SPEC, now)
    assert seconds == 3600 + 300 + 600 + 60
    assert next_look(SPEC, "") is None


def test_newest_run_is_that_of_this_policy() -> None:
    """Policies of one name in two namespaces do not borrow each other's verdict."""
    platform = replace(RUN, name="r2", policy_namespace="agentops-system", finished_at="2026-11-24T03:05:00Z")
    assert newest([platform, RUN], "shop", "nightly") == RUN
    assert newest([], "shop", "nightly") is None
