"""Whatever shape a pod has: injection neither keeps it from starting nor changes anything that is not ours."""

import copy
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from agentops_operator.agent.inject import OURS as NOTES
from agentops_operator.agent.inject import inject
from tests.admission.apiserver import Api
from tests.admission.golden import TEMPLATE, comparable
from tests.admission.shapes import INDEX, pods
from tests.agent.json_patch import patched

EXAMPLES = int(os.environ.get("AGENTOPS_FUZZ_EXAMPLES", "250"))
PLAIN, INDEXED = "adm-fuzz-plain", "adm-fuzz"
ADDED = {
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_SERVICE_NAME",
    "OTEL_SEMCONV_STABILITY_OPT_IN",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    "OPENAI_BASE_URL",
    "ANTHROPIC_BASE_URL",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
}


@pytest.fixture(scope="module")
def ready(api: Api) -> Api:
    """A namespace with an index, and one without."""
    api.namespace(PLAIN, {"agentops.dev/injection": "Disabled"})
    api.index(api.namespace(INDEXED), INDEX)
    probe = {"metadata": {"name": "a", "labels": {"app": "plain"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    api.wait_until_injecting(INDEXED, probe)
    return api


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Counter[str]]:
    """How many random pods took which way; a generator whose pods are mostly invalid or not selected would prove nothing."""
    seen: Counter[str] = Counter()
    yield seen
    assert seen["injected"] > 0.4 * seen.total(), seen
    assert seen["skipped"] > 0, seen


def _outcome(status: int, got: dict[str, Any]) -> str:
    if status != 201:
        return "invalid"
    if any(container["image"].startswith("agentops/collector:") for container in got["spec"].get("initContainers", [])):
        return "injected"
    return "skipped" if "agentops.dev/skipped" in got["metadata"].get("annotations", {}) else "not selected"


def without_ours(got: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """The pod with our additions taken away again."""
    pod = copy.deepcopy(got)
    spec = pod["spec"]
    if _outcome(201, got) == "injected":
        assert spec["initContainers"].pop(0)["name"] == "agentops-collector"
        assert pod["metadata"]["labels"].pop("agentops.dev/agent") == got["metadata"]["annotations"]["agentops.dev/agent"]
        if not pod["metadata"]["labels"]:
            del pod["metadata"]["labels"]
        spec["volumes"] = [volume for volume in spec["volumes"] if volume["name"] != "agentops"]
        for container, before in zip(spec["containers"], sent["spec"]["containers"], strict=True):
            kept = len(before.get("env") or [])
            own = {entry["name"] for entry in before.get("env") or []}
            added = [entry["name"] for entry in container["env"][kept:]]
            assert len(added) == len(set(added)), "a variable was added twice"
            assert set(added) <= ADDED - own
            container["env"] = container["env"][:kept]
    return pod


def without_notes(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod without the annotations that admission writes or removes."""
    notes = {key: value for key, value in pod["metadata"].pop("annotations", {}).items() if key not in NOTES}
    return {**pod, "metadata": {**pod["metadata"], **({"annotations": notes} if notes else {})}}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(pod=pods())
def test_any_pod_starts_as_it_would_without_us(ready: Api, outcomes: Counter[str], pod: dict[str, Any]) -> None:
    """What the server accepts without us it accepts with us, and the rest of the pod is the same."""
    plain_status, plain = ready.create_pod(PLAIN, pod)
    status, got = ready.create_pod(INDEXED, pod)
    assert status == plain_status, f"{plain_status} {plain.get('message')} became {status} {got.get('message')}"
    outcomes[_outcome(status, got)] += 1
    if status == 201:
        want = without_notes(comparable(plain))
        assert without_notes(without_ours(comparable(got), pod)) == want
        again = {
            **got,
            "metadata": {key: value for key, value in got["metadata"].items() if key not in ("uid", "creationTimestamp")},
        }
        second_status, second = ready.create_pod(INDEXED, again)
        assert second_status == 201, second.get("message")
        assert comparable(second) == comparable(got)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(pod=pods())
def test_webhook_makes_of_any_pod_what_the_policy_makes_of_it(ready: Api, pod: dict[str, Any]) -> None:
    """The pod that the function behind the webhook writes is, defaults included, the one that the policy writes."""
    status, got = ready.create_pod(INDEXED, pod)
    if status == 201:
        theirs_status, theirs = ready.create_pod(PLAIN, patched(pod, inject(pod, INDEXED, INDEX, TEMPLATE)))
        assert theirs_status == 201, theirs.get("message")
        assert comparable(theirs) == comparable(got)


@pytest.mark.parametrize("app", ["plain", "governed"])
def test_large_pod_stays_within_the_cost_limits(ready: Api, app: str) -> None:
    """Sixty containers with a hundred variables each still get the sidecar; over the limit they would start without."""
    env = [{"name": f"VARIABLE_{number}", "value": "x" * 20} for number in range(99)]
    env.append({"name": "AZURE_OPENAI_ENDPOINT", "value": "https://x.openai.azure.com"})
    containers = [{"name": f"c{number}", "image": "a", "env": env} for number in range(60)]
    labels = {f"example.com/label-{number}": "x" for number in range(100)} | {"app": app}
    pod = {"metadata": {"name": "large", "labels": labels}, "spec": {"containers": containers}}
    status, got = ready.create_pod(INDEXED, pod)
    assert status == 201, got.get("message")
    assert all(container["env"][-1]["name"] in ADDED for container in got["spec"]["containers"])


def test_full_index_stays_within_the_cost_limits(ready: Api) -> None:
    """An index of 2,000 keys and a key with 40 entries cost no pod its sidecar."""
    entries = [{"agent": f"a{number}", "rules": "r", "matchLabels": [{"key": "n", "value": str(number)}]} for number in range(40)]
    agents = {f"app=a{number}": [{"agent": f"a{number}", "rules": "r"}] for number in range(2000)} | {"app=many": entries}
    namespace = ready.namespace("adm-full")
    ready.index(namespace, agents)
    probe = {"metadata": {"name": "a", "labels": {"app": "a1999"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    ready.wait_until_injecting(namespace, probe)
    pod = {"metadata": {"name": "p", "labels": {"app": "many", "n": "39"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    status, got = ready.create_pod(namespace, pod)
    assert (status, got["metadata"]["annotations"]["agentops.dev/agent"]) == (201, "a39")


def test_no_pod_made_the_server_panic(ready: Api) -> None:
    """A panic fails the pod whatever the failure policy says."""
    assert ready.panics() == []
