"""The history of a run, from the relay: what the gateway told of it, and nothing that an agent could have written."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from agentops_operator.cli.exits import Unreachable

WORDS = {"nextTarget": "next target", "releaseBefore": "release before"}
SHOWN = ("reason", "by", "hold", "limit", "used", "budget", "step", "retry", "target", "nextTarget", "release", "releaseBefore")
MOST = 1000
TIMEOUT = 30.0


def read(relay: str, token: str, namespace: str, agent: str, run: str) -> list[str]:
    """What is known of the run, oldest first, a line an event.

    Raises:
        Unreachable: the relay does not answer, or refuses the token.
    """
    query = urllib.parse.urlencode({"namespace": namespace, "agent": agent, "run": run, "limit": MOST})
    request = urllib.request.Request(f"{relay.rstrip('/')}/v1/history?{query}", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310  (the user names the address)
            return [line(event) for event in json.load(answer)["events"]]
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(f"the relay at {relay} does not tell the history: {error}") from error


def line(event: Mapping[str, Any]) -> str:
    """One event in words."""
    changed = event["event"] == "Transition"
    what = f"{event.get('from') or 'new'} -> {event.get('state', '')}" if changed else event["event"]
    more = ", ".join(f"{WORDS.get(name, name)} {event[name]}" for name in SHOWN if event.get(name))
    return f"{event['at']} {what}{f': {more}' if more else ''}"
