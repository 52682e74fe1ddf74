"""Bodies become typed values; what cannot be read says which field, which value, and what to do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops_operator.agent.facts import Invalid, Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.policies.masking.kind import MASKING_POLICY
from agentops_operator.runtime.parse import parse, parse_pod
from tests.runtime.bodies import agent_body, masking_body, pod_body

FAULTS = [
    pytest.param(
        {"rules": [{"name": "Bad Name", "regex": "x", "canary": "x"}]},
        ["spec.rules[0].name is 'Bad Name'", "match pattern"],
        id="value that breaks a pattern",
    ),
    pytest.param({"rules": [{"name": "a", "regex": "x"}]}, ["spec.rules[0].canary is missing"], id="missing field"),
    pytest.param({"pakcs": []}, ["spec.pakcs is not known to this version", "remove it"], id="field of another version"),
    pytest.param({"packs": [{"name": "Mail"}]}, ["spec.packs[0].name is 'Mail'", "'Email'"], id="value outside a list"),
    pytest.param({"packs": "Email"}, ["spec.packs is 'Email'", "list"], id="wrong shape"),
]


@pytest.mark.parametrize(("spec", "wanted"), FAULTS)
def test_fault_names_field_value_and_mend(spec: dict[str, Any], wanted: list[str]) -> None:
    """The message of a broken spec names the field, its value and the mend, in one line."""
    got = parse(MASKING_POLICY, masking_body(spec=spec))
    assert isinstance(got, Invalid)
    assert "\n" not in got.error
    for part in wanted:
        assert part in got.error


def test_all_faults_are_told_at_once() -> None:
    """Two faults make one message with both, so that a person mends once."""
    got = parse(MASKING_POLICY, masking_body(spec={"one": 1, "two": 2}))
    assert isinstance(got, Invalid)
    assert got.error.count("is not known") == 2


def test_long_value_is_cut() -> None:
    """A value of a megabyte does not become a message of a megabyte."""
    got = parse(MASKING_POLICY, masking_body(spec={"packs": "x" * 1_000_000}))
    assert isinstance(got, Invalid)
    assert len(got.error) < 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a", "Exists", "ü" * 70]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["podSelector", "matchLabels", "a"]), inner),
    max_leaves=8,
)


@given(spec=st.dictionaries(st.sampled_from(["podSelector", "targetRef", "containers", "x"]), JSON))
def test_no_spec_raises(spec: dict[str, Any]) -> None:
    """Whatever is stored, reading it gives a value; an exception would leave a stale one in the cache."""
    assert isinstance(parse(AGENT, agent_body(spec=spec)), Resource | Invalid)


def test_pod_is_read_from_its_metadata() -> None:
    """Annotations of the admission policy, the controller and the labels are all that is kept."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "billing-5f", "controller": True}
    owners = [owner, {"apiVersion": "example.com/v1", "kind": "Other", "name": "x"}]
    pod = parse_pod(pod_body("one", agent="billing", ownerReferences=owners, deletionTimestamp="2026-11-23T10:00:00Z"))
    assert (pod.agent, pod.sidecar, pod.owners, pod.terminating) == ("billing", "0.1.0", (("ReplicaSet", "billing-5f"),), True)
