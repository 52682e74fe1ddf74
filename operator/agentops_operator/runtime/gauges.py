"""Metrics of Agents and policies, taken from what their statuses say."""

from typing import Any

from agentops_operator.agent.facts import Invalid, Key, Resource
from agentops_operator.agent.plan import Plan
from agentops_operator.runtime.metrics import Metrics

STATES = ("matched", "injected", "missed", "reporting", "outdated", "skipped", "bypassed")
SHOWN = ("Ready", "Programmed", "Enforced", "Covered", "Alerting")
NUMBERS = {"True": 1.0, "False": 0.0, "Unknown": -1.0}


class Gauges:
    """Sets and removes the series of an object."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._agents: dict[Key, int] = {}
        self._series: dict[Key, set[str]] = {}
        self._missed: dict[str, int] = {}

    def show_agent(self, agent: Resource[Any], plan: Plan) -> None:
        """Shows an Agent's pods and conditions."""
        key, pods = agent.key, plan.status.get("pods") or {}
        missed = max(0, pods.get("matched", 0) - pods.get("injected", 0) - pods.get("skipped", 0))
        for state in STATES:
            count = missed if state == "missed" else pods.get(state, 0)
            self._metrics.agent_pods.labels(key.namespace, key.name, state).set(count)
        self._count_missed(key, missed)
        self._conditions(key, [(str(c.type), str(c.status)) for c in plan.conditions])

    def show_policy(self, key: Key, policy: Resource[Any] | Invalid | None) -> None:
        """Shows a policy's conditions, or takes them away."""
        if policy is None:
            self.forget(key)
            return
        self._conditions(key, [(entry["type"], entry["status"]) for entry in policy.status.get("conditions") or []])

    def forget(self, key: Key) -> None:
        """Removes the series of an object that is gone."""
        for name in self._series.pop(key, set()):
            self._metrics.condition.remove(key.kind, key.namespace, key.name, name)
        if key in self._agents:
            self._count_missed(key, 0)
            del self._agents[key]
            for state in STATES:
                self._metrics.agent_pods.remove(key.namespace, key.name, state)

    def _conditions(self, key: Key, states: list[tuple[str, str]]) -> None:
        for name, state in states:
            if name in SHOWN:
                self._metrics.condition.labels(key.kind, key.namespace, key.name, name).set(NUMBERS.get(state, -1.0))
                self._series.setdefault(key, set()).add(name)

    def _count_missed(self, key: Key, missed: int) -> None:
        total = self._missed.get(key.namespace, 0) + missed - self._agents.get(key, 0)
        self._agents[key] = missed
        self._missed[key.namespace] = total
        self._metrics.missed.labels(key.namespace).set(total)
