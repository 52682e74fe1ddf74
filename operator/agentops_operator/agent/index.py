"""The injection index: what the admission policy looks up, compiled from Agents."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.index_types import Gateway, IndexEntry, Pair, refuses_bypass
from agentops_operator.agent.match import claim_keys
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import INDEX_NAME, LABEL_MANAGED_BY, LABEL_ON_BYPASS, MANAGED_BY
from agentops_operator.policies.trace.types import Capture, OnBypass, OptOut


def index_rows(
    agent: Resource[AgentSpec],
    rules: str,
    hash_key_secret: str,
    capture: Capture,
    opt_out: OptOut,
    on_bypass: OnBypass,
    *,
    gateway: Gateway = Gateway.NONE,
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
        gateway=gateway,
    )
    row = entry.row()
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
    # By this label the API server knows without a look into the index that no pod of the namespace is refused for a bypass.
    denies = any(refuses_bypass(entry) for entries in agents.values() for entry in entries)
    labels = {LABEL_MANAGED_BY: MANAGED_BY, LABEL_ON_BYPASS: str(OnBypass.DENY if denies else OnBypass.REPORT)}
    return {
        "apiVersion": API_VERSION,
        "kind": "InjectionIndex",
        "metadata": {"name": INDEX_NAME, "namespace": namespace, "labels": labels},
        "agents": agents,
    }
