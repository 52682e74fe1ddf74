"""When a live object counts as the desired one."""

from typing import Any

import pytest

from agentops_operator.runtime.live import content, covers

DESIRED = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "x", "namespace": "y", "labels": {"a": "b"}},
    "spec": {"suspend": False, "containers": [{"name": "one", "args": []}], "text": "t" * 500},
}


def live_with(**spec: Any) -> dict[str, Any]:
    """The desired object as the API server may have it, with other values in its spec."""
    metadata = {**DESIRED["metadata"], "labels": {"a": "b", "foreign": "label"}, "resourceVersion": "7"}  # type: ignore[dict-item]
    return {**DESIRED, "metadata": metadata, "spec": {**DESIRED["spec"], **spec}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("obj", "wanted"),
    [
        pytest.param(live_with(), True, id="foreign labels do not matter"),
        pytest.param(live_with(defaulted=5), True, id="fields that the API server adds do not matter"),
        pytest.param(live_with(containers=[{"name": "one", "image": "added"}]), True, id="an absent list equals an empty one"),
        pytest.param(live_with(containers=[{"name": "two", "args": []}]), False, id="another value matters"),
        pytest.param(live_with(containers=[{"name": "one"}, {"name": "two"}]), False, id="another list item matters"),
        pytest.param(live_with(text="t" * 499 + "u"), False, id="the end of a long text matters"),
        pytest.param(live_with(suspend=True), False, id="a false that became true matters"),
        pytest.param({**live_with(), "status": {"active": []}}, True, id="status does not matter"),
    ],
)
def test_live_object_covers_desired_one(obj: dict[str, Any], wanted: bool) -> None:
    """Only desired fields are compared, all of them, to the last character."""
    assert covers(content(obj), content(DESIRED)) is wanted


def test_long_texts_are_not_kept() -> None:
    """The cache holds digests of long texts, not the texts."""
    assert len(str(content(DESIRED)["spec"]["text"])) < 80
