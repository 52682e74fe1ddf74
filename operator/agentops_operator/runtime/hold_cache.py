"""RunHolds that the watch showed, and what the gateway lists as waiting."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.holds.notified import Notice
from agentops_operator.agent.holds.record import MOST_OPEN, Record, agent_of, is_over, room
from agentops_operator.agent.holds.waiting import Waiting
from agentops_operator.runtime.parse import parse


class HoldCache:
    """Both by the key of the record."""

    def __init__(self, writing: Mapping[Key, Mapping[str, Any]]) -> None:
        self._writing = writing  # statuses that are on their way, whose echo is no news
        self._records: dict[Key, Record] = {}
        self._by_agent: dict[Key, set[Key]] = {}
        self.waiting: dict[Key, Waiting] = {}
        self.unreachable = "the gateway was not asked yet"
        self.notices: dict[Key, Notice] = {}  # what came of the last try

    def get(self, key: Key) -> Record | None:
        """The record, or None."""
        return self._records.get(key)

    def records(self) -> tuple[Record, ...]:
        """All records."""
        return tuple(self._records.values())

    def of(self, agent: Key) -> list[Record]:
        """Records of an Agent."""
        return [self._records[key] for key in self._by_agent.get(agent, ())]

    def seen(self, body: Mapping[str, Any]) -> list[Key]:
        """Takes a body in; returns its key when it needs work. One that cannot be read is left alone: nobody can decide on it."""
        key = Key(RUN_HOLD.kind, body["metadata"]["namespace"], body["metadata"]["name"])
        old = self._records.get(key)
        record = parse(RUN_HOLD, body, old)
        if not isinstance(record, Resource):
            return []
        self.put(record)
        told = old is not None and old == record and record.status in (old.status, self._writing.get(key))
        return [] if told else [key]

    def put(self, record: Record) -> None:
        """Takes in a record, in place of its older version."""
        self._records[record.key] = record
        self._by_agent.setdefault(agent_of(record), set()).add(record.key)

    def gone(self, key: Key) -> list[Key]:
        """A record was deleted; one whose run still waits is made again."""
        record = self._records.pop(key, None)
        self.notices.pop(key, None)
        if record is None:
            return []
        keys = self._by_agent.get(agent_of(record), set())
        keys.discard(key)
        if not keys:
            self._by_agent.pop(agent_of(record), None)
        return [key]

    def open(self) -> list[Key]:
        """Records whose hold is not over."""
        return [record.key for record in self._records.values() if not is_over(record)]

    def counts(self) -> Counter[tuple[Key, str]]:
        """Waiting runs by Agent and state."""
        return Counter((waiting.agent, str(waiting.state)) for waiting in self.waiting.values())

    def unlisted(self, agent: Key) -> int:
        """Waiting runs of an Agent that have no record, because it has as many open ones as it may have."""
        return 0 if room(self.of(agent)) else len(self._recordless(agent))

    def without_record(self, agent: Key) -> list[Key]:
        """Waiting runs of an Agent without a record; as many as it may ever have at once."""
        return self._recordless(agent)[:MOST_OPEN]

    def _recordless(self, agent: Key) -> list[Key]:
        return [key for key, waiting in self.waiting.items() if waiting.agent == agent and key not in self._records]
