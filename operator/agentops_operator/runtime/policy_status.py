"""Status of policies: kept as the sum of what each Agent says of them, so that no policy is worked through anew."""

from collections.abc import Iterable

from agentops_operator.agent.binding import accepted
from agentops_operator.agent.facts import Invalid, Key
from agentops_operator.agent.gateway.outcomes import policy_fields
from agentops_operator.agent.plan import Outcome
from agentops_operator.agent.policy_status import policy_conditions
from agentops_operator.api.condition import false
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.runtime.attendance import Attendance
from agentops_operator.runtime.status import StatusWriter, Written
from agentops_operator.runtime.store import Store

KEPT = ("lastRun", "lastVerdict", "usage", "usedPercent")
DEBOUNCE = 1.0  # seconds: a policy that binds a thousand Agents is summed once a second while they change


class Outcomes:
    """What each Agent last said of each policy, by policy and by Agent."""

    def __init__(self) -> None:
        self._by_policy: dict[Key, dict[str, Outcome]] = {}
        self._by_agent: dict[Key, frozenset[Key]] = {}

    def put(self, agent: Key, outcomes: Iterable[Outcome]) -> set[Key]:
        """Takes what an Agent says; returns the policies for which that is new."""
        name = f"{agent.namespace}/{agent.name}"
        new = {outcome.policy: outcome for outcome in outcomes}
        changed = {policy for policy in self._by_agent.get(agent, frozenset()) if policy not in new}
        for policy in changed:
            self._take_out(policy, name)
        for policy, outcome in new.items():
            said = self._by_policy.setdefault(policy, {})
            if said.get(name) != outcome:
                said[name] = outcome
                changed.add(policy)
        if new:
            self._by_agent[agent] = frozenset(new)
        else:
            self._by_agent.pop(agent, None)
        return changed

    def of(self, policy: Key) -> list[tuple[str, Outcome]]:
        """What all Agents say of a policy, by Agent."""
        return sorted(self._by_policy.get(policy, {}).items())

    def _take_out(self, policy: Key, name: str) -> None:
        said = self._by_policy.get(policy, {})
        said.pop(name, None)
        if not said:
            self._by_policy.pop(policy, None)


class PolicyStatus:
    """Writes the status of policies."""

    def __init__(self, store: Store, outcomes: Outcomes, writer: StatusWriter, attendance: Attendance) -> None:
        self._store = store
        self._outcomes = outcomes
        self._writer = writer
        self._attendance = attendance

    async def write(self, key: Key) -> Written | None:
        """Sums up one policy and writes its status if it differs."""
        policy = self._store.policies.get(key)
        if policy is None:
            self._writer.forget(key)
            return None
        if not self._attendance.complete:
            return None  # a sum over half of the Agents would be written, and corrected a moment later
        if isinstance(policy, Invalid):
            verdict = false(ConditionType.ACCEPTED, Reason.INVALID, policy.error)
        else:
            verdict = accepted(policy, self._store.settings.operator_namespace)
        conditions, fields = policy_conditions(verdict, self._outcomes.of(key))
        counts = self._store.budget_counts.get(f"{key.namespace}/{key.name}", {})
        fields = {**fields, **policy_fields(policy, counts.values())}
        # What was not observed since this process began is not unsaid.
        kept = {name: policy.status[name] for name in KEPT if name in policy.status}
        return await self._writer.write(policy, conditions, {**kept, **fields})
