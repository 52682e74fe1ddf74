"""What the gateway's replicas saw of the limits in their plan, when they probed them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

OBSERVED, NOT_OBSERVED, WAITING = "Observed", "NotObserved", "Waiting"
WORST_FIRST = (NOT_OBSERVED, OBSERVED, WAITING)  # one replica that saw it is enough, as one that did not is


class Subject(NamedTuple):
    """Whose limit it is: `agents`, `budgets`, `routes` or `guardrails` of the plan, and a name there."""

    part: str
    name: str


PARTS = ("agents", "budgets", "routes", "guardrails")
TITLES = {
    "routes.*.targets": "failover",
    "agents.*.guardrails.input[]": "guardrails on requests",
    "agents.*.guardrails.output[]": "guardrails on answers",
}


@dataclass(frozen=True)
class Probe:
    """One limit, and what was seen of it; when is a metric, so that no status is written for it.

    Attributes:
        limit: the field of the plan.
        result: Observed, NotObserved or Waiting.
        said: what was seen, in a few words.
    """

    limit: str
    result: str = WAITING
    said: str = ""

    @property
    def title(self) -> str:
        """The limit in the words of the resource that it comes from."""
        return TITLES.get(self.limit, self.limit.partition(".*.")[2])


@dataclass(frozen=True)
class Evidence:
    """What is known of limits. An id changes with the limit, so what is known of it is never about another version.

    Attributes:
        told: whether a replica said what it probes; until then, that nothing is known does not mean that there is nothing.
        checks: what was seen, by id.
        subjects: whose limits they are.
    """

    told: bool = False
    checks: Mapping[str, Probe] = field(default_factory=dict)
    subjects: Mapping[Subject, frozenset[str]] = field(default_factory=dict)

    def of(self, subjects: Iterable[Subject]) -> tuple[Probe, ...]:
        """What is known of all limits of the subjects."""
        ids = {check for subject in subjects for check in self.subjects.get(subject, ())}
        return tuple(sorted((self.checks[check] for check in ids), key=lambda probe: (probe.limit, probe.result, probe.said)))

    def names(self, subjects: Iterable[Subject]) -> bool:
        """Whether a replica said of each subject what it probes of it; one of an older version knows fewer parts."""
        return all(subject in self.subjects for subject in subjects)

    def changed(self, before: "Evidence") -> set[Subject]:
        """Subjects of which something else is known than before."""
        if self == before:
            return set()
        return {one for one in self.subjects.keys() | before.subjects.keys() if self.of((one,)) != before.of((one,))}


NOTHING = Evidence()


def learned(before: Evidence, states: Iterable[Mapping[str, Any]]) -> Evidence:
    """What is known after a look.

    A replica that has not probed yet unsays nothing: replicas come and go, and the limit is the same.

    Args:
        before: what was known until now.
        states: `GET /v1/state` of the replicas that answer.
    """
    told = [probes for state in states if (probes := state.get("probes"))]
    if not told:
        return before
    seen: dict[str, list[Probe]] = {}
    for probes in told:
        for check, entry in probes["checks"].items():
            seen.setdefault(check, []).append(Probe(str(entry["limit"]), str(entry["result"]), str(entry.get("said") or "")))
    subjects: dict[Subject, set[str]] = {}
    for probes in told:
        for part in PARTS:
            for name, checks in (probes.get(part) or {}).items():
                subjects.setdefault(Subject(part, name), set()).update(checks)
    checks = {check: _worst(found, before.checks.get(check)) for check, found in seen.items()}
    return Evidence(told=True, checks=checks, subjects={one: frozenset(ids & checks.keys()) for one, ids in subjects.items()})


def between_plans(state: Mapping[str, Any]) -> bool:
    """Whether a plan came into force while the replica answered: what it says of limits is of another plan than it names."""
    probes = state.get("probes")
    return probes is not None and bool(probes["plan"] != state["plan"]["digest"])


def _worst(found: Iterable[Probe], before: Probe | None) -> Probe:
    worst = min(found, key=lambda probe: (_rank(probe.result), probe.said))
    if worst.result == WAITING:
        # Why it waits changes, and is no news.
        return before if before is not None and before.result == OBSERVED else Probe(worst.limit)
    return worst


def _rank(result: str) -> int:
    return WORST_FIRST.index(result) if result in WORST_FIRST else len(WORST_FIRST)
