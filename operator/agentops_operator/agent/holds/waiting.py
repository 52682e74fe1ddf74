"""Held runs as the gateway lists them (docs/contracts.md section 9), read with distrust: run ids come from clients."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.facts import Key
from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.holds.record import hold_name
from agentops_operator.agent.holds.types import WAITING, RunState
from agentops_operator.agent.kind import AGENT

SAFE_RUN = re.compile(r"[A-Za-z0-9._:/-]{1,128}")
SAFE_AGENT = re.compile(r"([a-z0-9-]{1,63})/([a-z0-9-]{1,63})")


@dataclass(frozen=True)
class Waiting:
    """One hold of one run, as the gateway tells it; amounts are in the gateway's units."""

    agent: Key
    run: str
    number: int
    state: RunState
    reason: str
    limit: int
    used: int
    budget: str
    since: str
    expires: str
    steps: int
    tokens: int
    micro_usd: int

    @property
    def key(self) -> Key:
        """The record of it."""
        return Key(RUN_HOLD.kind, self.agent.namespace, hold_name(self.agent.name, self.run, self.number))


@dataclass(frozen=True)
class RunNow:
    """A run as the gateway tells it when it is asked for it alone; `hold` is the number of its newest hold, 0 without one.

    `decision` is the id of the last decision that it took.
    """

    state: RunState
    hold: int = 0
    expired: bool = False
    decision: str = ""

    def waits_in(self, number: int) -> bool:
        """Whether it still waits in this hold."""
        return self.state in WAITING and self.hold == number


def waiting_in(answer: Mapping[str, Any]) -> list[Waiting]:
    """Holds of one page of the list; an entry that no record could be made of is left out."""
    found = (_waiting(entry) for entry in answer.get("holds") or [])
    return [waiting for waiting in found if waiting is not None]


def _waiting(entry: Mapping[str, Any]) -> Waiting | None:
    agent = SAFE_AGENT.fullmatch(str(entry.get("agent", "")))
    state = entry.get("state")
    if agent is None or not SAFE_RUN.fullmatch(str(entry.get("run", ""))) or state not in WAITING:
        return None
    if int(entry.get("number", 0)) < 1:
        return None  # taken over while it ran, by somebody who asked the gateway itself: no hold, and no record
    usage = entry.get("usage") or {}
    return Waiting(
        agent=Key(AGENT.kind, agent[1], agent[2]),
        run=str(entry["run"]),
        number=int(entry.get("number", 0)),
        state=RunState(state),
        reason=str(entry.get("reason", ""))[:64],
        limit=int(entry.get("limit", 0)),
        used=int(entry.get("used", 0)),
        budget=str(entry.get("budget", ""))[:127],
        since=str(entry.get("since", "")),
        expires=str(entry.get("expires") or ""),
        steps=int(usage.get("steps", 0)),
        tokens=int(usage.get("tokens", 0)),
        micro_usd=int(usage.get("microUSD", 0)),
    )


def run_in(answer: Mapping[str, Any], run: str) -> RunNow | None:
    """The run in an answer that lists runs; None when the gateway does not know it."""
    return next((run_now(entry) for entry in answer.get("runs") or [] if entry.get("run") == run), None)


def run_now(entry: Mapping[str, Any]) -> RunNow:
    """One run of such an answer."""
    held = entry.get("hold") or {}
    return RunNow(RunState(entry["state"]), int(held.get("number", 0)), bool(held.get("expired", False)), _decision(entry))


def _decision(entry: Mapping[str, Any]) -> str:
    return str((entry.get("decision") or {}).get("id", ""))
