"""What a policy's status says: its own validity, and the sum of how far its Agents are."""

from collections.abc import Sequence
from typing import Any

from agentops_operator.agent.claims import names
from agentops_operator.agent.plan import Outcome
from agentops_operator.api.condition import Condition, State, false, kstatus, true, unknown
from agentops_operator.api.reason import ConditionType, Reason

SHOWN_BUDGETS = 8


def policy_conditions(
    accepted: Condition, outcomes: Sequence[tuple[str, Outcome]]
) -> tuple[tuple[Condition, ...], dict[str, Any]]:
    """Conditions and counts of one policy.

    Args:
        accepted: Accepted of the policy itself.
        outcomes: (`namespace/agent`, outcome) of each Agent that it binds.
    """
    accepted = _conflicted(outcomes) or accepted if accepted.holds else accepted
    counts = {
        "matched": len(outcomes),
        "programmed": sum(outcome.programmed for _, outcome in outcomes),
        "enforced": sum(outcome.enforced for _, outcome in outcomes),
    }
    # What a conflict leaves of a policy is in force, and said to be.
    works = accepted.holds or accepted.reason is Reason.CONFLICTED
    progress = _programmed(outcomes, counts, works=works)
    conditions = (*kstatus(accepted, progress), accepted, progress, _enforced(outcomes, counts, works=works))
    return conditions, {"agents": counts, **_last_run(outcomes), **_bound_by(outcomes)}


def _conflicted(outcomes: Sequence[tuple[str, Outcome]]) -> Condition | None:
    """Accepted, where other policies took something from this one in some of its Agents."""
    told = [(agent, outcome.conflict) for agent, outcome in outcomes if outcome.conflict is not None]
    if not told:
        return None
    agent, condition = min(told, key=lambda pair: pair[0])
    more = f" and {len(told) - 1} more" if len(told) > 1 else ""
    return false(condition.type, condition.reason, f"in Agent {agent}{more}: {condition.message}")


def _bound_by(outcomes: Sequence[tuple[str, Outcome]]) -> dict[str, Any]:
    """Budgets that are reached before this one in every Agent."""
    told = [set(outcome.bound_by) for _, outcome in outcomes]
    everywhere = sorted(set.intersection(*told)) if told else []
    return {"boundBy": everywhere[:SHOWN_BUDGETS]} if everywhere else {}


def _last_run(outcomes: Sequence[tuple[str, Outcome]]) -> dict[str, Any]:
    """The evaluation that finished last in any Agent; nothing for policies that do not evaluate."""
    runs = [outcome.run for _, outcome in outcomes if outcome.run is not None]
    if not runs:
        return {}
    last = max(runs, key=lambda run: (run.finished_at, run.name))
    return {"lastRun": last.name, "lastVerdict": str(last.verdict)}


def _programmed(outcomes: Sequence[tuple[str, Outcome]], counts: dict[str, int], *, works: bool) -> Condition:
    kind = ConditionType.PROGRAMMED
    if not works:
        return false(kind, Reason.NOT_ACCEPTED, "nothing is applied, see Accepted")
    if not outcomes:
        return true(kind, Reason.NO_AGENTS_MATCHED, "no Agent is selected now")
    waiting = [agent for agent, outcome in outcomes if not outcome.programmed]
    told = next((o.progress for _, o in outcomes if not o.programmed and o.progress is not None), None)
    if told is not None:
        return false(kind, told.reason, f"not yet in Agents {names(waiting)}: {told.message}")
    if waiting:
        return false(kind, Reason.AWAITING_SIDECARS, f"not yet in Agents {names(waiting)}")
    return true(kind, Reason.PROGRAMMED, f"{counts['programmed']} of {counts['matched']} Agents run this version")


LESS = (Reason.PLAN_IN_FORCE, Reason.CALLS_TRACED, Reason.ENFORCED, Reason.PROBED)
"""Of an Agent of which less was seen than its policy says, the policy says so too."""


def _enforced(outcomes: Sequence[tuple[str, Outcome]], counts: dict[str, int], *, works: bool) -> Condition:
    kind = ConditionType.ENFORCED
    if not works:
        return false(kind, Reason.NOT_ACCEPTED, "nothing is in force, see Accepted")
    if not outcomes:
        return unknown(kind, Reason.NO_AGENTS_MATCHED, "no Agent is selected now")
    for state, make in ((State.FALSE, false), (State.UNKNOWN, unknown)):
        worst = [
            (agent, outcome) for agent, outcome in sorted(outcomes, key=lambda pair: pair[0]) if outcome.condition.status == state
        ]
        if worst:
            agent, outcome = worst[0]
            more = f" (and {len(worst) - 1} more Agents)" if len(worst) > 1 else ""
            return make(kind, outcome.condition.reason, f"Agent {agent}{more}: {outcome.condition.message}")
    seen = {outcome.condition.reason for _, outcome in outcomes}
    reason = next((weakest for weakest in LESS if weakest in seen), Reason.ENFORCED)
    return true(kind, reason, f"observed in {counts['enforced']} of {counts['matched']} Agents")
