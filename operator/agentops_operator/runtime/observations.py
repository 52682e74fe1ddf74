"""What the relay's replicas say, merged into one statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentops_operator.agent.facts import AgentObservation, BackendState, Key, PodReport, RelayObservation
from agentops_operator.agent.kind import AGENT
from agentops_operator.runtime.looking import FAILURES

WORST_FIRST = ("CredentialMissing", "Failing", "Delivering", "Idle")
DIFFERENT = "replicas differ"  # equal to no digest, so the relay counts as loaded when all replicas agree


@dataclass
class Replica:
    """One replica of the relay, as it was last seen."""

    cursor: str = ""
    failures: int = 0
    error: str = ""
    answered: bool = False
    since: float = 0.0  # when it last told everything
    doubtful: set[Key] = field(default_factory=set)  # Agents that it knew before, and did not tell of then
    relay: Mapping[str, Any] = field(default_factory=dict)
    agents: dict[Key, AgentObservation] = field(default_factory=dict)
    silent: int = FAILURES  # looks in a row at which its canary did not greet


def agent_key(entry: Mapping[str, Any]) -> Key:
    """Which Agent an entry speaks of."""
    return Key(AGENT.kind, entry["namespace"], entry["agent"])


def agent_observation(entry: Mapping[str, Any]) -> AgentObservation:
    """One Agent's entry, typed; counters are dropped."""
    reports = sorted((_report(pod) for pod in entry.get("pods") or []), key=lambda report: report.uid)
    return AgentObservation(
        tuple(reports),
        stored=bool(entry.get("storedSpans") or entry.get("lastSpanAt")),
        calls=bool(entry.get("storedCalls")),
        row=entry.get("row", ""),
    )


def _report(pod: Mapping[str, Any]) -> PodReport:
    return PodReport(
        name=pod["name"],
        uid=pod["uid"],
        version=pod.get("version", ""),
        rules_digest=pod.get("rulesDigest", ""),
        rules_source=pod.get("rulesSource", "Config"),
        rules_error=pod.get("rulesError", ""),
        leaked=tuple(sorted(pod.get("leaked") or [])),
        problems=tuple(sorted(pod.get("problems") or [])),
        egress=str(pod.get("egress") or ""),
    )


def merged_agent(parts: Iterable[AgentObservation]) -> AgentObservation | None:
    """One Agent over all replicas; a pod reports to one replica at a time, and the last one listed wins."""
    found = list(parts)
    if not found:
        return None
    pods = {report.uid: report for part in found for report in part.pods}
    rows = {part.row for part in found}
    row = rows.pop() if len(rows) == 1 else DIFFERENT
    return AgentObservation(
        tuple(pods[uid] for uid in sorted(pods)),
        stored=any(part.stored for part in found),
        calls=any(part.calls for part in found),
        row=row,
    )


def merged_relay(replicas: Iterable[Replica], error: str) -> RelayObservation:
    """The relay over all replicas: reachable when one answers, loaded when all agree, a backend as bad as its worst."""
    answering = [replica for replica in replicas if replica.answered]
    if not answering:
        return RelayObservation(reachable=False, error=error)
    configs = [replica.relay.get("config") or {} for replica in answering]
    return RelayObservation(
        reachable=True,
        config_digest=_common(config.get("digest", "") for config in configs),
        config_error=next((config["error"] for config in configs if config.get("error")), ""),
        problems=tuple(sorted({text for replica in answering for text in replica.relay.get("problems") or []})),
        greets=all(replica.silent < FAILURES for replica in answering),
        backends=_backends(answering),
    )


class Deliveries:
    """Backends that took something and did not fail since. A relay that was restarted does not remember them."""

    def __init__(self) -> None:
        self._took: set[str] = set()

    def recalled(self, relay: RelayObservation) -> RelayObservation:
        """The observation, with what is known of backends that were sent nothing since the relay began."""
        states = relay.backends.values()
        self._took |= {backend.name for backend in states if backend.state == "Delivering"}
        self._took -= {backend.name for backend in states if backend.state not in ("Delivering", "Idle")}
        known = {name: replace(backend, state="Delivering") for name, backend in relay.backends.items() if name in self._took}
        return replace(relay, backends={**relay.backends, **known})


def _common(values: Iterable[str]) -> str:
    different = set(values)
    return different.pop() if len(different) == 1 else DIFFERENT


def _backends(replicas: Iterable[Replica]) -> dict[str, BackendState]:
    found: dict[str, BackendState] = {}
    for replica in replicas:
        for entry in replica.relay.get("backends") or []:
            state = BackendState(entry["name"], entry.get("state", "Idle"), entry.get("error", ""))
            other = found.get(state.name)
            if other is None or _rank(state) < _rank(other):
                found[state.name] = state
    return found


def _rank(state: BackendState) -> int:
    return WORST_FIRST.index(state.state) if state.state in WORST_FIRST else 0
