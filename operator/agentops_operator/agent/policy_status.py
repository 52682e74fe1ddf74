"""What a policy's status says: its own validity, and the sum of how far its Agents are."""

from collections.abc import Sequence
from typing import Any

from agentops_operator.agent.claims import names
from agentops_operator.agent.plan import Outcome
from agentops_operator.api.condition import Condition, State, false, kstatus, true, unknown
from agentops_operator.api.reason import ConditionType, Reason


def policy_conditions(
    accepted: Condition, outcomes: Sequence[tuple[str, Outcome]]
) -> tuple[tuple[Condition, ...], dict[str, Any]]:
    """Conditions and counts of one policy.

    Args:
        accepted: Accepted of the policy itself.
        outcomes: (`namespace/agent`, outcome) of each Agent that it binds.
    """
    counts = {
        "matched": len(outcomes),
        "programmed": sum(outcome.programmed for _, outcome in outcomes),
        "enforced": sum(outcome.enforced for _, outcome in outcomes),
    }
    progress = _programmed(accepted, outcomes, counts)
    conditions = (*kstatus(accepted, progress), accepted, progress, _enforced(accepted, outcomes, counts))
    return conditions, {"agents": counts, **_last_run(outcomes)}


def _last_run(outcomes: Sequence[tuple[str, Outcome]]) -> dict[str, Any]:
    """The evaluation that finished last in any Agent; nothing for policies that do not evaluate."""
    runs = [outcome.run for _, outcome in outcomes if outcome.run is not None]
    if not runs:
        return {}
    last = max(runs, key=lambda run: (run.finished_at, run.name))
    return {"lastRun": last.name, "lastVerdict": str(last.verdict)}


def _programmed(accepted: Condition, outcomes: Sequence[tuple[str, Outcome]], counts: dict[str, int]) -> Condition:
    kind = ConditionType.PROGRAMMED
    if not accepted.holds:
        return false(kind, Reason.NOT_ACCEPTED, "nothing is applied, see Accepted")
    if not outcomes:
        return true(kind, Reason.NO_AGENTS_MATCHED, "no Agent is selected now")
    waiting = [agent for agent, outcome in outcomes if not outcome.programmed]
    if waiting:
        return false(kind, Reason.AWAITING_SIDECARS, f"not yet in Agents {names(waiting)}")
    return true(kind, Reason.PROGRAMMED, f"{counts['programmed']} of {counts['matched']} Agents run this version")


def _enforced(accepted: Condition, outcomes: Sequence[tuple[str, Outcome]], counts: dict[str, int]) -> Condition:
    kind = ConditionType.ENFORCED
    if not accepted.holds:
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
    return true(kind, Reason.ENFORCED, f"observed in {counts['enforced']} of {counts['matched']} Agents")
