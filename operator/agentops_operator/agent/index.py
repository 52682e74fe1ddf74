"""The injection index: what the admission policy looks up, compiled from Agents."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.index_types import IndexEntry, Pair
from agentops_operator.agent.match import claim_keys
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import INDEX_NAME, LABEL_MANAGED_BY, MANAGED_BY
from agentops_operator.policies.trace.types import Capture, OnBypass, OptOut


def index_rows(
    agent: Resource[AgentSpec], rules: str, hash_key_secret: str, capture: Capture, opt_out: OptOut, on_bypass: OnBypass
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The Agent's rows: one entry under each of its keys."""
    spec = agent.spec
    entry = IndexEntry(
        agent=agent.key.name,
        rules=rules,
        match_labels=_pairs(spec),
        match_expressions=list(spec.pod_selector.match_expressions) if spec.pod_selector else [],
        containers=sorted(spec.containers),
        capture="false" if capture is Capture.NONE else "true",
        hash_key_secret=hash_key_secret,
        opt_out=opt_out,
        on_bypass=on_bypass,
        service_account_name=spec.service_account_name or "",
    )
    row = entry.dump()
    return tuple((key, row) for key in claim_keys(spec))


def _pairs(spec: AgentSpec) -> list[Pair]:
    if spec.pod_selector is None:
        return []
    labels = sorted(spec.pod_selector.match_labels.items())
    return [Pair(key=key, value=value) for key, value in labels[1:]]  # the first pair is the key of the row


def build_index(namespace: str, rows: Iterable[tuple[tuple[str, str], str, dict[str, Any]]]) -> dict[str, Any]:
    """The InjectionIndex of a namespace.

    Args:
        namespace: namespace of the index.
        rows: (age order of the Agent, key, entry). Under one key the oldest Agent comes first, and the policy takes
            the first that matches, so an older Agent wins a pod at admission as it does in the conditions.
    """
    table: dict[str, list[tuple[tuple[str, str], dict[str, Any]]]] = defaultdict(list)
    for age, key, entry in rows:
        table[key].append((age, entry))
    agents = {key: [entry for _, entry in sorted(table[key], key=lambda pair: pair[0])] for key in sorted(table)}
    return {
        "apiVersion": API_VERSION,
        "kind": "InjectionIndex",
        "metadata": {"name": INDEX_NAME, "namespace": namespace, "labels": {LABEL_MANAGED_BY: MANAGED_BY}},
        "agents": agents,
    }
