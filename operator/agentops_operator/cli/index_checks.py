"""Entries of the injection index against a pod, check by check, in the order in which admission tries them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentops_operator.agent.facts import Pod
from agentops_operator.agent.index_types import IndexEntry
from agentops_operator.agent.inject import readable
from agentops_operator.agent.match import pod_keys
from agentops_operator.cli.pod_facts import Mark, Step, step


@dataclass(frozen=True)
class Row:
    """One entry under a key of the pod, and how its checks came out."""

    key: str
    entry: IndexEntry
    checks: tuple[Step, ...]

    @property
    def holds(self) -> bool:
        """Whether the entry is for this pod."""
        return all(check.mark is Mark.YES for check in self.checks)


def rows_of(pod: Pod, account: str, index: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Row]:
    """Entries that the pod's keys find; the first that holds is the one that counts."""
    keys = sorted(key for key in pod_keys(pod) if key in index)
    entries = [(key, entry) for key in keys for entry in readable(index[key])]
    return [Row(key, entry, tuple(_checks(entry, pod, account))) for key, entry in entries]


def _checks(entry: IndexEntry, pod: Pod, account: str) -> Iterable[Step]:
    for pair in entry.match_labels:
        yield _label(f"label {pair.key}={pair.value}", pod.labels.get(pair.key), holds=pod.labels.get(pair.key) == pair.value)
    for wanted in entry.match_expressions:
        values = f" ({', '.join(wanted.values)})" if wanted.values else ""
        what = f"label {wanted.key} {wanted.operator}{values}"
        yield _label(what, pod.labels.get(wanted.key), holds=wanted.matches(pod.labels))
    if entry.service_account_name:
        same = entry.service_account_name == account
        yield step(f"service account {entry.service_account_name}" + ("" if same else f": it is {account}"), holds=same)


def _label(what: str, value: str | None, *, holds: bool) -> Step:
    if holds:
        return step(what, holds=True)
    return step(f"{what}: " + ("the pod has no such label" if value is None else f"it is {value}"), holds=False)
