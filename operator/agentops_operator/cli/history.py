"""The history of a run, from the relay's trace store: each change of its state, each step that was tried again."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from agentops_operator.cli.exits import Unreachable

PREFIX = "dev.agentops.run."
SHOWN = ("reason", "by", "hold", "limit", "used", "budget", "step", "retry", "target", "next_target", "release", "release_before")
MOST = 1000
TIMEOUT = 30.0


def read(relay: str, token: str, namespace: str, agent: str, run: str) -> list[str]:
    """What the store has of the run, oldest first, a line an event.

    Raises:
        Unreachable: the relay does not answer, or refuses the token.
    """
    query = urllib.parse.urlencode({"namespace": namespace, "agent": agent, "run": run, "limit": MOST})
    request = urllib.request.Request(f"{relay.rstrip('/')}/v1/traces?{query}", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310  (the user names the address)
            return events(answer.read().decode(), run)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise Unreachable(f"the relay at {relay} does not tell the history: {error}") from error


def events(text: str, run: str) -> list[str]:
    """Events of one run in OTLP JSON, a batch a line."""
    found = [event for line in text.splitlines() if line for event in _spans(json.loads(line)) if event[1].get("id") == run]
    return [_line(*event) for event in sorted(found, key=lambda event: event[0])]


def _spans(batch: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, str]]]:
    for resource in batch.get("resourceSpans") or []:
        for scope in resource.get("scopeSpans") or []:
            for span in scope.get("spans") or []:
                said = {entry["key"]: _value(entry["value"]) for entry in span.get("attributes") or []}
                if PREFIX + "event" in said:
                    own = {key.removeprefix(PREFIX): value for key, value in said.items() if key.startswith(PREFIX)}
                    yield int(span["startTimeUnixNano"]), own


def _value(value: Mapping[str, Any]) -> str:
    return str(next(iter(value.values()), ""))


def _line(nanoseconds: int, said: Mapping[str, str]) -> str:
    at = datetime.fromtimestamp(nanoseconds / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    what = f"{said.get('from') or 'new'} -> {said.get('state', '')}" if said["event"] == "Transition" else said["event"]
    more = ", ".join(f"{name.replace('_', ' ')} {said[name]}" for name in SHOWN if said.get(name))
    return f"{at} {what}{f': {more}' if more else ''}"
