"""Metrics of Agents and policies, made of what their statuses say at the moment they are asked for.

The library's own Gauge keeps an object of a kilobyte for each series, and an Agent has a dozen.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.samples import Sample

from agentops_operator.agent.facts import Invalid, Key, Resource
from agentops_operator.agent.plan import Plan

STATES = ("matched", "injected", "missed", "reporting", "outdated", "skipped", "bypassed")
SHOWN = ("Ready", "Programmed", "Enforced", "Covered", "Alerting")
NUMBERS = {"True": 1.0, "False": 0.0, "Unknown": -1.0}
MISSED = STATES.index("missed")
NO_PODS = (0,) * len(STATES)  # what most Agents of a large fleet share

States = tuple[tuple[str, str], ...]  # type and status of the conditions that are shown


class Gauges:
    """The series of all objects, as a collector of the metrics registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._pods: dict[Key, tuple[int, ...]] = {}
        self._conditions: dict[Key, States] = {}
        self._known: dict[States, States] = {}
        registry.register(self)

    def show_agent(self, agent: Resource[Any], plan: Plan) -> None:
        """Shows an Agent's pods and conditions."""
        pods = plan.status.get("pods") or {}
        missed = max(0, pods.get("matched", 0) - pods.get("injected", 0) - pods.get("skipped", 0))
        counts = tuple(missed if state == "missed" else pods.get(state, 0) for state in STATES)
        self._pods[agent.key] = counts if any(counts) else NO_PODS
        self._show(agent.key, ((str(c.type), str(c.status)) for c in plan.conditions))

    def show_policy(self, key: Key, policy: Resource[Any] | Invalid | None) -> None:
        """Shows a policy's conditions, or takes them away."""
        if policy is None:
            self.forget(key)
            return
        self._show(key, ((entry["type"], entry["status"]) for entry in policy.status.get("conditions") or []))

    def forget(self, key: Key) -> None:
        """Removes the series of an object that is gone."""
        self._pods.pop(key, None)
        self._conditions.pop(key, None)

    def collect(self) -> Iterable[Metric]:
        """All series; each is made when it is written, as those of a large fleet would take tens of megabytes at once."""
        yield _family("agentops_agent_pods", "Pods of an Agent, by state.", self._pod_samples)
        yield _family("agentops_missed_injections", "Pods that match an Agent and lack the sidecar.", self._missed_samples)
        yield _family(
            "agentops_condition",
            "1 where a condition of an object is True, 0 where it is False, -1 where it is Unknown.",
            self._condition_samples,
        )

    def _show(self, key: Key, states: Iterable[tuple[str, str]]) -> None:
        shown = tuple(state for state in states if state[0] in SHOWN)
        self._conditions[key] = self._known.setdefault(shown, shown)  # few different ones, each kept once

    def _pod_samples(self, name: str) -> Iterator[Sample]:
        for key, counts in self._pods.items():
            for state, count in zip(STATES, counts, strict=True):
                yield Sample(name, {"namespace": key.namespace, "agent": key.name, "state": state}, count)

    def _missed_samples(self, name: str) -> Iterator[Sample]:
        missed: Counter[str] = Counter()
        for key, counts in self._pods.items():
            missed[key.namespace] += counts[MISSED]
        for namespace, count in missed.items():
            yield Sample(name, {"namespace": namespace}, count)

    def _condition_samples(self, name: str) -> Iterator[Sample]:
        for key, states in self._conditions.items():
            labels = {"kind": key.kind, "namespace": key.namespace, "name": key.name}
            for kind, state in states:
                yield Sample(name, {**labels, "type": kind}, NUMBERS.get(state, -1.0))


class _Lazy:
    """Samples that are made while they are read, each time anew."""

    def __init__(self, name: str, make: Callable[[str], Iterator[Sample]]) -> None:
        self._name = name
        self._make = make

    def __iter__(self) -> Iterator[Sample]:
        return self._make(self._name)


def _family(name: str, documentation: str, make: Callable[[str], Iterator[Sample]]) -> Metric:
    family = GaugeMetricFamily(name, documentation)
    family.samples = cast(list[Sample], _Lazy(name, make))
    return family
