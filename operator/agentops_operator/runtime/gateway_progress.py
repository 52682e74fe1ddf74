"""How far the gateway's replicas are with each Agent's part of the plan.

The plan is one file for the whole cluster, and its digest changes with every Agent. Compared by that digest, a thousand
policies would seem not in force for a minute whenever somebody added an Agent. So each written plan gets a number, and an Agent
is as far as the oldest plan that a replica runs.
"""

from collections.abc import Iterable, Mapping

NOTHING = -1


class GatewayProgress:
    """Plans that were written, and which of them is in force in every replica."""

    def __init__(self) -> None:
        self._number = 0
        self._plans: dict[str, int] = {}  # digest of the plan -> its number
        self._rows: dict[str, list[tuple[int, str]]] = {}  # Agent -> (number of the plan, digest of its row), rising
        self._in_force = NOTHING

    def written(self, plan: str, rows: Mapping[str, str]) -> None:
        """A plan stands in the cluster, or is about to: one that comes to nothing is never observed.

        Args:
            plan: digest of the plan.
            rows: digest of the row of each `namespace/agent` in it.
        """
        if self._plans.get(plan) == self._number:
            return
        self._number += 1
        self._plans[plan] = self._number
        for name in self._rows.keys() - rows.keys():
            self._put(name, "")
        for name, row in rows.items():
            self._put(name, row)

    def observed(self, plans: Iterable[str]) -> set[str]:
        """The plans that replicas run, one each; returns the Agents of which another row is in force now."""
        numbers = [self._plans.get(plan, NOTHING) for plan in plans]
        oldest = min(numbers, default=NOTHING)
        if oldest == self._in_force:
            return set()
        before = {name: self.row(name) for name in self._rows}
        self._in_force = oldest
        changed = {name for name, row in before.items() if self.row(name) != row}
        self._forget()
        return changed

    def row(self, agent: str) -> str:
        """Digest of the Agent's row that is in force in every replica; empty when none is."""
        held = [row for number, row in self._rows.get(agent, ()) if number <= self._in_force]
        return held[-1] if held else ""

    def _put(self, name: str, row: str) -> None:
        history = self._rows.setdefault(name, [])
        if not history or history[-1][1] != row:
            history.append((self._number, row))

    def _forget(self) -> None:
        """Drops what no replica can come back to."""
        self._plans = {plan: number for plan, number in self._plans.items() if number >= self._in_force}
        for name, history in list(self._rows.items()):
            while len(history) > 1 and history[1][0] <= self._in_force:
                history.pop(0)
            if len(history) == 1 and not history[0][1]:
                del self._rows[name]
