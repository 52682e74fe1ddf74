"""Plans for cases: whole and accepted ones, of which a case says only what it is about."""

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any

Plan = dict[str, Any]

AGENT = "shop/billing"
MATE = "shop/sorter"
STRANGER = "bank/teller"
MODEL = "claude-haiku-4-5"
"""Served under every API, at whole micro-USD for a token: sums can be compared to the micro-USD."""
CHEAP = "gpt-4o-mini"
PRICES = {
    MODEL: {"input": 1_000_000, "cachedInput": 100_000, "output": 5_000_000},
    CHEAP: {"input": 150_000, "cachedInput": 75_000, "output": 600_000},
    "text-embedding-3-small": {"input": 20_000, "output": 0},
}
CLASSES = ("rateLimited", "serverError", "timeout", "connection", "unauthorized", "invalidResponse")
PATIENT = 12_000
"""Milliseconds that no case waits for: its first translated call makes a gateway's converters, and a busy machine is slow."""
ANSWER = 20
"""Tokens that an answer may have, where a case does not say."""


def target(url: str, name: str, kind: str = "openai", model: str = MODEL, **fields: Any) -> dict[str, Any]:
    """A target at the provider `name`, whose key is `agentops-<name>/key`."""
    return {
        "provider": kind,
        "endpoint": url,
        "model": model,
        "credential": {"secret": f"agentops-{name}", "keys": {"apiKey": "key"}},
        "timeoutMilliseconds": PATIENT,
        "streamIdleMilliseconds": 5000,
        "price": PRICES[model],
        **fields,
    }


def on_error(reaction: str = "Next", **classes: str) -> dict[str, str]:
    """The reaction to each class of failure."""
    return dict.fromkeys(CLASSES, reaction) | classes


def route(*targets: str, weights: tuple[int, ...] = (), **fields: Any) -> dict[str, Any]:
    """A route that asks its targets in order, each once, and lets none rest."""
    return {
        "routing": "Weighted" if weights else "Priority",
        "targets": [{"target": name, **({"weight": weights[index]} if weights else {})} for index, name in enumerate(targets)],
        "retries": 0,
        "cooldownSeconds": 0,
        "failuresToCooldown": 1000,
        "onError": on_error(),
        **fields,
    }


def agent(models: Mapping[str, str] | None = None, execution: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """An agent without limits but the length of its answers."""
    return {
        "team": "payments",
        "useCase": "invoices",
        "models": dict(models or {"chat": "chat"}),
        "maxOutputTokens": ANSWER,
        "execution": {"requireRunId": False, "run": {}, "onStateError": "Deny", **(execution or {})},
        "budgets": [],
        "guardrails": {"input": [], "output": []},
        "onUnknownPrice": "Deny",
        "onGatewayDown": "Refuse",
        **fields,
    }


@functools.cache
def zone_at_noon() -> str:
    """A time zone in which it was about noon when first asked for: no day of it ends, and counts anew, while cases run."""
    ahead = 12 - dt.datetime.now(dt.UTC).hour
    return f"Etc/GMT{-ahead:+d}"  # POSIX counts west of Greenwich


def budget(limit: int, unit: str = "Requests", *, ladder: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    """A budget of one agent for a day, that blocks at its end."""
    return {
        "unit": unit,
        "limit": limit,
        "window": {"kind": "Day", "timeZone": zone_at_noon()},
        "scope": "Agent",
        "ladder": ladder or [{"atPercent": 100, "action": "Block"}],
        "mode": "Enforce",
        "onStateError": "Deny",
        **fields,
    }


def rules(*own: Mapping[str, Any], packs: tuple[str, ...] = ()) -> dict[str, Any]:
    """Masking rules of a guardrail."""
    return {
        "version": 1,
        "capture": "Masked",
        "packs": [{"name": name, "action": "Redact"} for name in packs],
        "rules": list(own),
        "blockKeys": [],
    }


def plan(targets: Mapping[str, Any], **parts: Mapping[str, Any]) -> Plan:
    """A plan; without `routes` the alias `chat` leads to all targets in order, without `agents` AGENT may use it."""
    return {
        "version": 1,
        "targets": dict(targets),
        "routes": dict(parts.get("routes") or {"chat": route(*targets)}),
        "guardrails": dict(parts.get("guardrails") or {}),
        "budgets": dict(parts.get("budgets") or {}),
        "agents": dict(parts.get("agents") or {AGENT: agent()}),
    }
