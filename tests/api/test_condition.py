"""Conditions and their times."""

from agentops_operator.api.condition import false, kstatus, merge, true, unknown
from agentops_operator.api.reason import MEANING, ConditionType, Reason

ACCEPTED = true(ConditionType.ACCEPTED, Reason.ACCEPTED)


def test_transition_time_stays_while_status_and_reason_do() -> None:
    """A new message alone is no transition."""
    old = merge([], [true(ConditionType.ACCEPTED, Reason.ACCEPTED, "one")], 1, "t1")
    new = merge(old, [true(ConditionType.ACCEPTED, Reason.ACCEPTED, "two")], 2, "t2")
    assert (new[0]["lastTransitionTime"], new[0]["message"], new[0]["observedGeneration"]) == ("t1", "two", 2)


def test_transition_time_moves_with_the_reason() -> None:
    """False for another reason is news."""
    old = merge([], [false(ConditionType.ENFORCED, Reason.LEAKED)], 1, "t1")
    assert merge(old, [false(ConditionType.ENFORCED, Reason.BYPASSED)], 1, "t2")[0]["lastTransitionTime"] == "t2"


def test_what_is_not_accepted_is_stalled() -> None:
    """Flux and Argo CD stop waiting when a person has to act."""
    states = {
        c.type: c.status
        for c in kstatus(false(ConditionType.ACCEPTED, Reason.CONFLICTED), unknown(ConditionType.PROGRAMMED, Reason.NOT_ACCEPTED))
    }
    assert states == {"Ready": "False", "Reconciling": "False", "Stalled": "True"}


def test_ready_needs_no_observation() -> None:
    """Accepted and programmed is ready, whatever Enforced says, so that no pipeline hangs on a monthly evaluation."""
    assert kstatus(ACCEPTED, true(ConditionType.PROGRAMMED, Reason.PROGRAMMED))[0].holds


def test_every_reason_is_documented() -> None:
    """A reason that a person meets has a meaning in the reference."""
    assert set(MEANING) == set(Reason)
