"""What a decision yields: desired objects, rows of shared tables, and what the status should say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops_operator.agent.facts import Key
from agentops_operator.agent.gateway.row import GatewayRow
from agentops_operator.api.condition import Condition
from agentops_operator.policies.evaluation.observe import Run
from agentops_operator.policies.trace.types import Backend


@dataclass(frozen=True, slots=True)
class BackendUse:
    """A backend that the Agent's traces go to; `name` is `namespace/policy/backend`, unique in the cluster."""

    name: str
    namespace: str
    backend: Backend


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far one Agent is with one policy; the policy's status is the sum of these."""

    policy: Key
    programmed: bool
    enforced: bool
    condition: Condition  # Enforced, as seen in this Agent
    run: Run | None = None  # newest evaluation, for policies that evaluate
    progress: Condition | None = None  # Programmed as seen in this Agent, where the Agent's own does not speak of the policy
    conflict: Condition | None = None  # Accepted as seen in this Agent, where another policy took something from this one
    bound_by: tuple[str, ...] = ()  # budgets that this one is never reached before


@dataclass(frozen=True)
class Event:
    """Something worth telling a person once: `type` is Normal or Warning."""

    type: str
    reason: str
    message: str


@dataclass(frozen=True)
class Plan:
    """Everything that should exist because of one Agent.

    Attributes:
        children: objects to apply beside the Agent, complete with owner and labels; what is not listed is pruned.
        entries: rows of the namespace's injection index, by key.
        identity: row of the relay's identity table; None when the Agent is not accepted.
        backends: backends that the relay needs for this Agent.
        outcomes: how far the Agent is with each policy that binds it.
        conditions: all conditions, without times.
        status: the other status fields.
        gateway: the Agent's part of the gateway's plan; None when it has none.
        again_seconds: when to decide anew although nothing changed, because something may be late then; None for never.
    """

    children: tuple[dict[str, Any], ...] = ()
    entries: tuple[tuple[str, dict[str, Any]], ...] = ()
    identity: Mapping[str, Any] | None = None
    backends: tuple[BackendUse, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    conditions: tuple[Condition, ...] = ()
    status: Mapping[str, Any] = field(default_factory=dict)
    gateway: GatewayRow | None = None
    again_seconds: float | None = None
