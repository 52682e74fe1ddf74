"""The relay's shared objects, from the rows of all Agents."""

from collections.abc import Callable, Mapping
from typing import Any

from agentops_operator.agent.facts import Key, Settings
from agentops_operator.agent.plan import BackendUse, Plan
from agentops_operator.runtime.applier import Applier
from agentops_operator.runtime.attendance import Attendance

Compile = Callable[[Mapping[str, Mapping[str, Any]], Mapping[str, BackendUse], Settings], tuple[dict[str, Any], ...]]

DEBOUNCE = 1.0  # seconds: a burst of Agents makes one new table, not one for each


class RelayRefusedError(Exception):
    """The API server refused an object of the relay."""

    expected = True


class RelayWriter:
    """Collects identities and backends of all Agents and applies the relay's objects when they change."""

    def __init__(self, applier: Applier, attendance: Attendance, settings: Settings, compile_relay: Compile) -> None:
        self._applier = applier
        self._attendance = attendance
        self._settings = settings
        self._compile = compile_relay
        self._identities: dict[str, Mapping[str, Any]] = {}
        self._uses: dict[Key, tuple[BackendUse, ...]] = {}

    def put(self, agent: Key, plan: Plan) -> bool:
        """Takes what the relay must know of an Agent; says whether it is new."""
        name = f"{agent.namespace}/{agent.name}"
        new = self._identities.get(name) != plan.identity or self._uses.get(agent, ()) != plan.backends
        if plan.identity is None:
            self._identities.pop(name, None)
        else:
            self._identities[name] = plan.identity
        self._uses[agent] = plan.backends
        return new

    def drop(self, agent: Key) -> bool:
        """Takes an Agent out."""
        self._uses.pop(agent, None)
        return self._identities.pop(f"{agent.namespace}/{agent.name}", None) is not None

    async def write(self) -> None:
        """Applies the objects that differ, once every Agent had its pass.

        Raises:
            RelayRefusedError: the API server refused one of them; the others are applied all the same.
        """
        if not self._attendance.complete:
            return
        backends = {use.name: use for uses in self._uses.values() for use in uses}
        refused = await self._applier.apply_all(self._compile(self._identities, backends, self._settings))
        if refused:
            raise RelayRefusedError(refused)
