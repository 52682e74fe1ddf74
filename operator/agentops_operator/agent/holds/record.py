"""The record of a hold: its name, its body, and how many of them an Agent may have."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.holds.types import RunHoldSpec
from agentops_operator.agent.kind import AGENT
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.children import stamp
from agentops_operator.kube.digest import digest
from agentops_operator.kube.names import LABEL_AGENT

if TYPE_CHECKING:
    from agentops_operator.agent.holds.waiting import Waiting

MOST_OPEN = 20  # of an Agent: more nobody could look at, and a loop that starts runs must not fill the API server
KEPT = 20  # of an Agent, that are over
READABLE = 40

Record = Resource[RunHoldSpec]


def hold_name(agent: str, run: str, number: int) -> str:
    """The same for the same hold, and a DNS name whatever the run is called.

    Sixteen hex digits: a client that chooses run ids could find two that share eight.
    """
    return f"{agent[:READABLE].rstrip('-')}-{digest([agent, run, number])[7:23]}"


def hold_record(waiting: "Waiting") -> dict[str, Any]:
    """The object, without owner: garbage collection would take the audit with the Agent."""
    spec = RunHoldSpec(agent=waiting.agent.name, run=waiting.run, number=waiting.number)
    body = {"apiVersion": API_VERSION, "kind": "RunHold", "metadata": {"name": waiting.key.name}, "spec": spec.dump()}
    return stamp(body, waiting.agent.namespace, None, {LABEL_AGENT: waiting.agent.name})


def agent_of(record: Record) -> Key:
    """The Agent whose run it is."""
    return Key(AGENT.kind, record.key.namespace, record.spec.agent)


def is_over(record: Record) -> bool:
    """Whether the hold ended, so that nothing of the record changes any more."""
    return "endedAt" in record.status


def room(records: Iterable[Record]) -> bool:
    """Whether one more hold of an Agent may be recorded."""
    return sum(not is_over(record) for record in records) < MOST_OPEN


def superfluous(records: Iterable[Record]) -> list[Record]:
    """Records of an Agent that go: the oldest of those that are over."""
    over = sorted((r for r in records if is_over(r)), key=lambda r: (r.status["endedAt"], r.key.name), reverse=True)
    return over[KEPT:]
