"""Injection as a function is held to the golden cases of the admission policy."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from agentops_operator.agent.inject import entry_for, inject
from agentops_operator.cli.index_checks import rows_of
from agentops_operator.runtime.parse import parse_pod
from tests.admission.golden import TEMPLATE, Case, Object, cases, expand
from tests.admission.shapes import INDEX, pods
from tests.agent.json_patch import patched

SWITCHED_OFF = {"agentops.dev/injection": "Disabled"}
CASES = cases()


def came_out(case: Case) -> Object:
    """The pod of the case after injection; a namespace that is switched off never gets as far as the function."""
    operations = [] if case.labels == SWITCHED_OFF else inject(case.pod, case.namespace, case.agents or {}, TEMPLATE)
    return patched(case.pod, operations)


def plain(value: Any) -> Any:
    """Without what is the same to the API server: empty or absent, and the version that it writes beside a field reference."""
    if isinstance(value, list):
        return [plain(below) for below in value]
    if not isinstance(value, dict):
        return value
    known = {"fieldRef": {"apiVersion": "v1"}}
    kept = {key: {**known.get(key, {}), **below} if isinstance(below, dict) else below for key, below in value.items()}
    return {key: plain(below) for key, below in kept.items() if below not in (None, {}, [])}


@pytest.mark.parametrize("case", [case for case in CASES if "refused" not in case.want], ids=lambda case: case.name)
def test_pod_comes_out_as_wanted(case: Case) -> None:
    """What the API server's own policy makes of the pod is what the function makes of it."""
    want = case.pod if case.want.get("unchanged") else expand(case.want, case.namespace)
    assert plain(came_out(case)) == plain(want)


@pytest.mark.parametrize("case", [case for case in CASES if "refused" in case.want], ids=lambda case: case.name)
def test_refused_pod_carries_what_the_refusal_is_about(case: Case) -> None:
    """Refusing is for the validating policies: they see an own endpoint that is named, or a pod without the sidecar."""
    got = came_out(case)
    named = "agentops.dev/bypass" in got["metadata"].get("annotations", {})
    assert TEMPLATE.present(got) == named == (" past the AgentOps " in case.want["refused"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_second_pass_changes_nothing(case: Case) -> None:
    """A pod that is seen twice, because of another webhook or because it was copied, comes out the same."""
    first = came_out(case)
    again = Case(case.name, first, case.agents, case.labels, case.want)
    assert came_out(again) == first


@given(pods())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_pod_keeps_what_it_had(pod: Object) -> None:
    """Whatever the shape: no error, nothing of the pod is lost or reordered, and a second pass changes nothing."""
    before = copy.deepcopy(pod)
    got = patched(pod, inject(pod, "shop", INDEX, TEMPLATE))
    assert pod == before
    assert patched(got, inject(got, "shop", INDEX, TEMPLATE)) == got
    for old, new in zip(pod["spec"]["containers"], got["spec"]["containers"], strict=True):
        env = old.get("env") or []
        assert (new.get("env") or [])[: len(env)] == env
        assert {**new, "env": env} == {**old, "env": env}
    inits = pod["spec"].get("initContainers") or []
    now = got["spec"].get("initContainers") or []
    assert now[len(now) - len(inits) :] == inits


@given(pods())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_explanation_and_admission_choose_the_same_entry(pod: Object) -> None:
    """What `explain` tells check by check comes to the same entry as injection does."""
    body = {**pod, "metadata": {"name": "", "uid": "", **pod["metadata"], "namespace": "shop"}}
    rows = rows_of(parse_pod(body), pod["spec"].get("serviceAccountName") or "default", INDEX)
    assert next((row.entry for row in rows if row.holds), None) == entry_for(pod, INDEX)


def test_entry_of_a_newer_version_takes_no_other_entry_along() -> None:
    """An unknown field is passed over, an unknown operator makes its own entry hold for no pod."""
    unknown = {"agent": "newer", "rules": "r", "matchExpressions": [{"key": "app", "operator": "Like", "values": ["a"]}]}
    entries = [unknown, {"agent": "known", "rules": "r", "fieldOfTomorrow": 1}]
    pod = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "a"}]}}
    found = entry_for(pod, {"app=a": entries})
    assert found is not None
    assert found.agent == "known"
