"""Engines that the suite can be run against, each behind one adapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from conformance.plans import Plan

GATEWAY = "agentops-system/agentops-gateway"
"""Namespace and service account of the shared gateway."""


@dataclass(frozen=True)
class Settings:
    """What one replica is started with."""

    plan: Path
    """File with the plan; `Running.reload` writes it anew."""
    secrets: Path
    """Directory with `<secret>/<key>`."""
    jwks: Path
    issuer: str
    operator_token: str
    """For whatever only the operator may read."""
    redis_url: str
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """How the world outside is reached."""
    tenant_token: Path = Path()
    """File with the token that is shown to gateways of tenants."""
    tenant: str = ""
    """The namespace whose credentials it has, for the gateway of a tenant; it works for `GATEWAY` alone."""
    max_body_bytes: int = 1_000_000
    drain_seconds: int = 10


class Running(Protocol):
    """One replica that runs."""

    url: str
    """Base URL of the LLM API, without `/v1`."""

    def in_force(self) -> tuple[str, str]:
        """Digest of the plan in force, and what is wrong with a newer one ("" if nothing)."""

    def usage(self, agent: str) -> dict[str, Any]:
        """What is charged to an agent: `budgets` and `runs`, as in section 9 of the contracts."""

    def holds(self) -> list[dict[str, Any]]:
        """Runs of all agents that wait for a person or are taken over, as in section 9 of the contracts."""

    def decide(self, **decision: Any) -> dict[str, Any]:
        """Decides about a run, as in section 9 of the contracts; the run after it."""

    def ready(self) -> bool:
        """Whether it asks for new calls."""

    def metrics(self) -> str:
        """Its metrics as Prometheus reads them."""

    def terminate(self) -> None:
        """Asks it to end, as the kubelet does."""

    def wait(self) -> None:
        """Waits for its end."""

    def kill(self) -> None:
        """Ends it without a word."""


class Engine(Protocol):
    """A program that is a gateway."""

    name: str
    patience: float
    """Seconds that a client waits for an answer."""

    def start(self, settings: Settings) -> Running:
        """Starts a replica; it serves when this returns."""


def engine_of(name: str) -> Engine:
    """The adapter of an engine by its name."""
    from conformance.engines.native import Native
    from conformance.engines.stub import Stub

    engines: Mapping[str, type[Engine]] = {"native": Native, "stub": Stub}
    if name not in engines:
        raise ValueError(f"engine {name!r} is unknown; use one of {', '.join(engines)}")
    return engines[name]()


__all__ = ["GATEWAY", "Engine", "Plan", "Running", "Settings", "engine_of"]
