"""What restricted egress makes of one Agent: its NetworkPolicy, and what Agent and policies say of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from agentops_operator.agent.claims import Coverage
from agentops_operator.agent.egress.allowance import Allowance
from agentops_operator.agent.egress.observe import egress_enforced, refused
from agentops_operator.agent.egress.policy import network_policy
from agentops_operator.agent.facts import Input
from agentops_operator.agent.observe import Sidecars
from agentops_operator.agent.plan import Outcome
from agentops_operator.api.condition import Condition, State


@dataclass(frozen=True)
class Restricted:
    """The egress of one Agent.

    Attributes:
        allowed: its allow-list, and who wants it enforced.
        children: the NetworkPolicy; nothing where egress is unrestricted.
        condition: Enforced, as far as egress goes; None where it is unrestricted.
        status: what the Agent's status says of it.
    """

    allowed: Allowance
    children: tuple[dict[str, Any], ...] = ()
    condition: Condition | None = None
    status: tuple[tuple[str, str], ...] = ()

    def judged(self, outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
        """Outcomes of which those of the policies that want egress enforced are no better than it is."""
        return tuple(self._judged(outcome) for outcome in outcomes)

    def _judged(self, outcome: Outcome) -> Outcome:
        seen = self.condition
        if seen is None or seen.holds or outcome.policy not in self.allowed.demanding or outcome.condition.status == State.FALSE:
            return outcome
        return replace(outcome, enforced=False, condition=seen)


def restrict(facts: Input, pods: Coverage, running: Sidecars, allowed: Allowance) -> Restricted:
    """What the allow-list makes of the Agent."""
    if not allowed.enforced:
        return Restricted(allowed)
    return Restricted(
        allowed=allowed,
        children=(network_policy(facts.agent, allowed, facts.settings),),
        condition=egress_enforced(facts, pods, running, allowed),
        status=(("egress", f"{len(refused(running))}/{len(pods.own)}"),),
    )
