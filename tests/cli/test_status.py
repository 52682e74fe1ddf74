"""`agentops status`: the report and the tree of an Agent."""

from typing import Any

import pytest

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.cli.overview import Objects, report, tree
from agentops_operator.cli.tree import lines
from agentops_operator.runtime.parse import parse, parse_pod
from tests.cli.bodies import agent, pod

NOTES = {"agentops.dev/agent": "billing", "agentops.dev/sidecar": "0.1.0"}
SINCE = "2026-03-01T00:00:00Z"


def entry(kind: str, status: str, reason: str = "Why", message: str = "") -> dict[str, str]:
    """A condition as it stands in a status."""
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": SINCE}


def objects(status: dict[str, Any], *pods: dict[str, Any], policies: Any = None) -> Objects:
    """What was read: the Agent with this status, and these pods."""
    body = agent(status=status)
    parsed = parse(AGENT, body)
    return Objects(body, parsed if isinstance(parsed, Resource) else None, [parse_pod(item) for item in pods], policies or {})


def told(known: Objects) -> str:
    """The tree as text."""
    return "\n".join(lines(tree(report(known))))


@pytest.mark.parametrize(("status", "mark"), [("True", "✓"), ("False", "✗"), ("Unknown", "?")])
def test_agent_is_marked_by_enforced(status: str, mark: str) -> None:
    """What counts is what was observed; Accepted alone makes nothing green."""
    known = objects({"conditions": [entry("Accepted", "True"), entry("Enforced", status)], "observedGeneration": 1})
    assert told(known).startswith(f"{mark} Agent shop/billing")


def test_agent_that_nobody_looked_at_is_unknown() -> None:
    """Without a status nothing is claimed."""
    known = objects({})
    assert report(known)["enforced"] == "Unknown"
    assert "none yet" in told(known)


def test_status_of_an_older_spec_is_told_as_such() -> None:
    """A green condition of the spec before the last change says nothing on this one."""
    assert "older version of the spec" in told(objects({"observedGeneration": 0}))
    assert "older version of the spec" not in told(objects({"observedGeneration": 1}))


@pytest.mark.parametrize(
    ("body", "want"),
    [
        (pod(injected=True, notes=NOTES), "✓ billing-abc-1: sidecar 0.1.0"),
        (
            pod(injected=True, notes={**NOTES, "agentops.dev/bypass": "main"}),
            "✗ billing-abc-1: sidecar 0.1.0, but main goes around it",
        ),
        (pod(notes={"agentops.dev/skipped": "OptOut"}), "✗ billing-abc-1: left alone on purpose: OptOut"),
        (pod(), "✗ billing-abc-1: no sidecar; restart it: kubectl rollout restart deployment/billing -n shop"),
        (pod(injected=True, notes={**NOTES, "agentops.dev/agent": "other"}), "✗ billing-abc-1: injected for Agent other"),
    ],
    ids=["injected", "bypassed", "skipped", "missed", "claimed by another"],
)
def test_pod_is_told_with_the_reason(body: dict[str, Any], want: str) -> None:
    """Each pod says whether it is covered, and why not."""
    assert want in told(objects({}, body))


def test_pods_of_others_and_pods_that_end_are_left_out() -> None:
    """Only what runs for this Agent counts."""
    other, ending = pod(owner="StatefulSet/db"), pod()
    ending["metadata"]["deletionTimestamp"] = SINCE
    assert report(objects({}, other, ending))["pods"] == []


def test_policy_is_told_with_its_evidence() -> None:
    """The evidence of each policy stands beside it, with the time since when it holds."""
    ref = {"kind": "MaskingPolicy", "namespace": "shop", "name": "pii"}
    policy = {"status": {"conditions": [entry("Enforced", "True", "Enforced", "canaries came out masked in 2 of 2 pods")]}}
    known = objects({"policies": [ref]}, policies={("MaskingPolicy", "shop", "pii"): policy})
    assert f"✓ MaskingPolicy shop/pii: Enforced, canaries came out masked in 2 of 2 pods (since {SINCE})" in told(known)


def test_policy_that_may_not_be_read_is_unknown() -> None:
    """A tenant cannot read platform policies; that is said, and is no failure of the policy."""
    known = objects({"policies": [{"kind": "TracePolicy", "namespace": "agentops-system", "name": "all"}]})
    assert "? TracePolicy agentops-system/all: your rights do not reach it" in told(known)


def test_settled_conditions_are_left_out() -> None:
    """Reconciling and Stalled are shown only when they have something to say."""
    text = told(objects({"conditions": [entry("Reconciling", "False"), entry("Stalled", "True", "Conflicted")]}))
    assert "Reconciling" not in text
    assert "? Stalled: Conflicted" in text
