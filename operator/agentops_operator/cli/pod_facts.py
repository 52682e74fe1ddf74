"""What an explanation is made from, and what it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.types import AgentSpec

SYSTEM = ("kube-system", "kube-node-lease")


class Mark(StrEnum):
    """Outcome of one check."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Step:
    """One check; `below` are the checks that it is made of."""

    mark: Mark
    text: str
    below: tuple["Step", ...] = ()


def step(text: str, *, holds: bool, below: tuple[Step, ...] = ()) -> Step:
    """A check that could be made."""
    return Step(Mark.YES if holds else Mark.NO, text, below)


@dataclass(frozen=True)
class PodFacts:
    """What was read of the cluster; None means that the user may not read it.

    Attributes:
        pod: the pod.
        namespace_labels: labels of its namespace.
        index: entries of the namespace's injection index by key; empty when there is none.
        bound: whether injection is switched on, by the policy's binding or by the webhook.
        agents: Agents of the namespace.
        operator_namespace: namespace of the operator, which is never injected.
    """

    pod: Mapping[str, Any]
    namespace_labels: Mapping[str, str] | None = None
    index: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    bound: bool | None = None
    agents: tuple[Resource[AgentSpec], ...] = ()
    operator_namespace: str = "agentops-system"

    @property
    def is_exempt(self) -> bool:
        """Whether the pod stands in a namespace that admission never looks at."""
        return self.pod["metadata"]["namespace"] in (*SYSTEM, self.operator_namespace)


@dataclass(frozen=True)
class Explanation:
    """The answer: whether the pod carries the sidecar, why, and what to do."""

    injected: bool
    verdict: str
    mend: str
    steps: tuple[Step, ...]
