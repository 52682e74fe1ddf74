"""Who has been worked on since the process began.

Tables that several Agents share must not be written before every Agent has said its part: after a restart the first
Agent alone would otherwise replace the table of a thousand, and pods would start without a sidecar.
"""

from collections.abc import Callable

from agentops_operator.agent.facts import Key


class Attendance:
    """Agents that exist, and those of them that had their first pass."""

    def __init__(self, complete: Callable[[str], None]) -> None:
        self._missing: dict[str, set[str]] = {}
        self._complete = complete

    def expect(self, agent: Key) -> None:
        """An Agent appeared; tables of its namespace wait for it."""
        self._missing.setdefault(agent.namespace, set()).add(agent.name)

    def mark(self, agent: Key) -> None:
        """The Agent had a pass, or is gone, or failed: a broken one must not hold up its neighbours."""
        names = self._missing.get(agent.namespace)
        if names is None or agent.name not in names:
            return
        names.discard(agent.name)
        if not names:
            del self._missing[agent.namespace]
            self._complete(agent.namespace)

    def complete_in(self, namespace: str) -> bool:
        """Whether every Agent of the namespace had a pass."""
        return namespace not in self._missing

    @property
    def complete(self) -> bool:
        """Whether every Agent had a pass."""
        return not self._missing
