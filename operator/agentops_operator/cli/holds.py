"""Held runs as `agentops run` tells them. Pure: objects in, report and tree out."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentops_operator.agent.holds.types import WAITING
from agentops_operator.cli.overview import MARKS, condition, said
from agentops_operator.cli.tree import Branch

HEAD = ("NAMESPACE", "NAME", "AGENT", "RUN", "STATE", "REASON", "USED", "LIMIT", "USD", "EXPIRES")
FIELDS = ("namespace", "name", "agent", "run", "state", "reason", "used", "limit", "costUsd", "expires")
GAP = 2


def report(body: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about one RunHold, as data."""
    metadata, spec, status = body["metadata"], body["spec"], body.get("status") or {}
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "agent": spec["agent"],
        "run": spec["run"],
        "number": spec["number"],
        "state": status.get("state", ""),
        "over": "endedAt" in status,
        "reason": status.get("reason", ""),
        "used": status.get("used", ""),
        "limit": status.get("limit", ""),
        "budget": status.get("budget", ""),
        "costUsd": status.get("cost", ""),
        "steps": status.get("steps"),
        "tokens": status.get("tokens"),
        "since": status.get("since", ""),
        "expires": status.get("expires", ""),
        "endedAt": status.get("endedAt", ""),
        "link": status.get("link", ""),
        "decision": spec.get("decision"),
        "decidedAt": status.get("decidedAt", ""),
        "delivered": status.get("delivered", ""),
        "conditions": [condition(body, kind) for kind in ("Accepted", "Programmed", "Enforced")],
    }


def waits(told: Mapping[str, Any]) -> bool:
    """Whether a person still has something to decide."""
    return not told["over"] and told["state"] in (*WAITING, "")


def table(reports: Iterable[Mapping[str, Any]]) -> list[str]:
    """Lines of a table, columns as wide as their widest cell."""
    rows = [HEAD, *([str(one[name]) for name in FIELDS] for one in reports)]
    widths = [max(len(row[column]) for row in rows) + GAP for column in range(len(HEAD))]
    return ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def tree(told: Mapping[str, Any], history: Iterable[str] = ()) -> Branch:
    """The report of one hold as a tree."""
    budget = f" of Budget {told['budget']}" if told["budget"] else ""
    below = [
        Branch(f"{told['reason']}{budget}: {told['used']} of {told['limit']} used, {told['costUsd']} USD so far"),
        Branch(f"since {told['since']}, {_until(told)}"),
    ]
    if told["decision"]:
        below.append(_decision(told))
    if told["link"]:
        below.append(Branch(f"more: {told['link']}"))
    below += [Branch(f"{one['type']}: {said(one)}", MARKS[one["status"]]) for one in told["conditions"]]
    lines = tuple(Branch(line) for line in history)
    if lines:
        below.append(Branch("history", below=lines))
    mark = "?" if waits(told) else "✓"
    title = f"RunHold {told['namespace']}/{told['name']}  run {told['run']} of Agent {told['agent']}  {told['state']}"
    return Branch(title, mark, tuple(below))


def _until(told: Mapping[str, Any]) -> str:
    return f"over since {told['endedAt']}" if told["over"] else f"expires {told['expires'] or 'never'}"


def _decision(told: Mapping[str, Any]) -> Branch:
    decision = told["decision"]
    more = ", ".join(f"{value} more {name}" for name, value in (decision.get("more") or {}).items())
    note = f": {decision['note']}" if decision.get("note") else ""
    verb = f"{decision['verb']}{f' with {more}' if more else ''}"
    return Branch(f"{verb} by {decision.get('by', 'nobody who was checked')}, {told['decidedAt'] or 'not seen yet'}{note}")
