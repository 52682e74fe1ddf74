"""What people are told when a run is held: events, and a signed notice for a receiver of theirs. No prompt is in it."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from agentops_operator.agent.holds.record import Record
from agentops_operator.agent.holds.status import command
from agentops_operator.agent.plan import Event
from agentops_operator.api.reason import Reason

VERSION = 1
KIND = "RunHeld"


def link(template: str, record: Record) -> str:
    """Where to read more; names are quoted, as run ids come from clients."""
    values = {
        "namespace": record.key.namespace,
        "name": record.key.name,
        "agent": record.spec.agent,
        "run": record.spec.run,
    }
    for name, value in values.items():
        template = template.replace("{" + name + "}", quote(value, safe=""))
    return template[:1024]


def held(record: Record, fields: Mapping[str, Any]) -> Event:
    """The event of a new hold, for the Agent and for the record."""
    budget = f" of Budget {fields['budget']}" if fields.get("budget") else ""
    read = f"; read more at {fields['link']}" if fields.get("link") else ""
    text = (
        f"run {record.spec.run} of Agent {record.spec.agent} is held: {fields.get('reason', '')}{budget}, "
        f"{fields.get('used', '')} of {fields.get('limit', '')} used, {fields.get('cost', '0')} USD so far; "
        f"until {fields.get('expires', '')} {command(record)}{read}"
    )
    return Event("Warning", Reason.RUN_HELD, text)


def notice(record: Record, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The body for the receiver; its id is the same however often it is sent."""
    return {
        "version": VERSION,
        "id": record.uid,
        "type": KIND,
        "namespace": record.key.namespace,
        "agent": record.spec.agent,
        "run": record.spec.run,
        "hold": record.key.name,
        "number": record.spec.number,
        "reason": fields.get("reason", ""),
        "limit": fields.get("limit", ""),
        "used": fields.get("used", ""),
        "budget": fields.get("budget", ""),
        "costUsd": fields.get("cost", ""),
        "since": fields.get("since", ""),
        "expires": fields.get("expires", ""),
        "link": fields.get("link", ""),
        "decide": command(record),
    }


def signed(body: Mapping[str, Any], key: bytes, timestamp: int) -> tuple[bytes, dict[str, str]]:
    """The bytes to send and their headers: HMAC-SHA256 over the timestamp, a dot, and the bytes.

    The timestamp is signed too, so that a notice that somebody kept cannot be sent again later.
    """
    content = json.dumps(body, sort_keys=True).encode()
    mark = hmac.new(key, f"{timestamp}.".encode() + content, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-AgentOps-Id": str(body["id"]),
        "X-AgentOps-Timestamp": str(timestamp),
        "X-AgentOps-Signature": f"v1={mark}",
    }
    return content, headers
