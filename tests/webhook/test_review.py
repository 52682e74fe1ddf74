"""The answers to single reviews."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops_operator.webhook.review import NoReviewError, Outcome, review
from tests.agent.test_inject import TEMPLATE

POD = {"metadata": {"name": "p", "labels": {"app": "a"}}, "spec": {"containers": [{"name": "a"}]}}
INDEXES = {"shop": {"app=a": [{"agent": "a", "rules": "r"}]}}


def ask(pod: Any, namespace: str = "shop") -> tuple[dict[str, Any], Outcome]:
    """The response to a review of this pod."""
    body = {"request": {"uid": "u-1", "namespace": namespace, "object": pod}}
    answer, outcome = review(json.dumps(body).encode(), lambda name: INDEXES.get(name, {}), TEMPLATE)
    response: dict[str, Any] = json.loads(answer)["response"]
    assert (response["uid"], response["allowed"]) == ("u-1", True)
    return response, outcome


def test_pod_of_an_agent_gets_a_patch() -> None:
    """The patch is base64 of the operations, as the API server wants it."""
    response, outcome = ask(POD)
    assert outcome is Outcome.INJECTED
    assert response["patchType"] == "JSONPatch"
    assert "/spec/initContainers/0" in {item["path"] for item in json.loads(base64.b64decode(response["patch"]))}


def test_index_of_another_namespace_does_not_count() -> None:
    """A pod is looked up in the index of the namespace that the API server names, whatever the pod says."""
    response, outcome = ask({**POD, "metadata": {**POD["metadata"], "namespace": "shop"}}, namespace="other")
    assert (outcome, "patch" in response) == (Outcome.UNCHANGED, False)


def test_pod_that_is_left_alone_is_told_apart() -> None:
    """Its annotation is a patch too, but it is not counted as injected."""
    assert ask({**POD, "spec": {**POD["spec"], "hostNetwork": True}})[1] is Outcome.SKIPPED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["metadata", "spec", "labels", "x"]), below),
    max_leaves=8,
)


@given(JSON)
def test_own_error_lets_the_pod_start(pod: Any) -> None:
    """A bug of ours must refuse no pod: whatever the pod is, the answer allows it."""
    response, _ = ask(pod)
    assert response["allowed"] is True


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"request": {}}', b'{"request": {"uid": 1}}'])
def test_what_is_no_review_gets_no_answer(body: bytes) -> None:
    """Without the uid of a review no answer to it exists."""
    with pytest.raises(NoReviewError):
        review(body, lambda _: {}, TEMPLATE)
