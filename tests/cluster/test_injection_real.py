"""Every kind of workload, under the rules that namespaces have, gets its sidecar from the real API server and runs."""

from collections.abc import Iterator

import pytest

from demo.images import ROOT
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import annotation, as_admitted, has_sidecar, numbers, pods, spans
from tests.cluster.platform import platform_policy
from tests.cluster.shapes import (
    BURST,
    agent,
    container,
    cron_job,
    custom,
    job,
    pod,
    workload,
)

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
PLACE = "e2e-injection"
ELSEWHERE = [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector.elsewhere:4318"}]
OPT = {"agentops.dev/inject": "false"}
KINDS = ("Job", "CronJob", "StatefulSet", "DaemonSet")
AGENTS = (
    *(agent(kind.lower(), kind) for kind in KINDS),
    agent("bare"),
    agent("several", containers=["one"]),
    agent("bypassed"),
    agent("own-account", podSelector={"matchLabels": {"app": "own-account"}}, serviceAccountName="worker"),
    {**agent("opted-out"), "metadata": {"name": "opted-out", "labels": {"may": "opt-out"}}},
    agent("opt-denied"),
)
WORKLOADS = (
    job("job", container(command=BURST)),
    cron_job("cronjob", container(command=BURST)),
    workload("StatefulSet", "statefulset"),
    workload("DaemonSet", "daemonset"),
    pod("bare"),
    pod("several", container("one"), container("two"), initContainers=[container("before", ("true",))]),
    pod("bypassed", container(env=ELSEWHERE)),
    pod("own-account", labels={"app": "own-account"}, serviceAccountName="worker"),
    pod("other-account", labels={"app": "own-account"}),
    pod("opted-out", labels=OPT),
    pod("opt-denied", labels=OPT),
)


@pytest.fixture(scope="module")
def place(product: Access) -> Iterator[str]:
    """A restricted namespace with one Agent and one workload of each kind, made at once."""
    may_opt_out = custom("TracePolicy", "e2e-opt-out", optOut="Allowed", agentSelector={"matchLabels": {"may": "opt-out"}})
    with fresh_namespaces(product, PLACE), platform_policy(product, may_opt_out, PLACE):
        worker = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "worker"}}
        product.config_map_from("first-agent", ROOT / "examples/first-agent/agent.py", PLACE)
        product.apply(worker, *AGENTS, namespace=PLACE)
        for key in ("Job/job", "CronJob/cronjob", "app=own-account", "Pod/opt-denied"):
            product.wait_for_entry(PLACE, key)
        opted_out = lambda: as_admitted(product, PLACE, pod("opted-out", labels=OPT))  # noqa: E731
        product.until("the opt-out in force", opted_out, lambda made: annotation(made, "skipped") == "OptOut")
        product.apply(*WORKLOADS, namespace=PLACE)
        yield PLACE


def the_pod(product: Access, name: str) -> dict[str, dict[str, object]]:
    """A pod of the place."""
    return product.get("pod", name, "-n", PLACE)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_pod_of_a_controller_is_injected_and_reports(product: Access, place: str, kind: str) -> None:
    """The controller's pod passes Pod Security with the sidecar in it, runs, and its Agent is Ready and covered."""
    product.until_condition("agents", kind.lower(), place, Ready="True", Covered="True/AllPodsInjected")


def test_bare_pod_is_injected_and_reports(product: Access, place: str) -> None:
    """A pod that nobody owns, with a read-only root, is found by its name."""
    product.until_condition("agents", "bare", place, Ready="True", Covered="True/AllPodsInjected")


def test_only_named_containers_get_settings(product: Access, place: str) -> None:
    """Of several containers only the named one is pointed at the sidecar, which stands before the pod's own init containers."""
    product.until_condition("agents", "several", place, Ready="True", Covered="True/AllPodsInjected")
    spec = the_pod(product, "several")["spec"]
    told = {one["name"]: [entry["name"] for entry in one.get("env", [])] for one in spec["containers"]}
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in told["one"]
    assert told["two"] == []
    assert [one["name"] for one in spec["initContainers"]] == ["agentops-collector", "before"]


def test_own_endpoint_is_kept_and_reported(product: Access, place: str) -> None:
    """A container with its own endpoint keeps it, and Enforced is False, Bypassed, naming pod and container."""
    seen = product.until_condition("agents", "bypassed", place, Enforced="False/Bypassed")
    assert "bypassed (main)" in seen["Enforced"]["message"]
    assert the_pod(product, "bypassed")["spec"]["containers"][0]["env"] == ELSEWHERE


def test_pod_of_another_account_is_not_the_agent(product: Access, place: str) -> None:
    """Where the Agent names a service account, a pod of another one gets no sidecar and cannot speak in its name."""
    assert has_sidecar(the_pod(product, "own-account"))
    assert not has_sidecar(the_pod(product, "other-account"))
    seen = product.until_condition("agents", "own-account", place, Covered="False/RestartRequired")
    assert "other-account started" in seen["Covered"]["message"]


def test_opting_out_is_for_those_whom_the_platform_allows(product: Access, place: str) -> None:
    """The label is honoured where a platform policy allows it, and ignored elsewhere."""
    assert not has_sidecar(the_pod(product, "opted-out"))
    assert annotation(the_pod(product, "opted-out"), "skipped") == "OptOut"
    assert has_sidecar(the_pod(product, "opt-denied"))
    product.until_condition("agents", "opted-out", place, Covered="False/PodSkipped")


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_job_completes_and_its_last_span_is_stored(product: Access, place: str, kind: str) -> None:
    """The sidecar does not keep a Job from completing, and sends what it holds before it ends."""
    name = kind.lower()
    product.until(
        f"a completed {kind}",
        lambda: [pod for pod in pods(product, place, "-l", "job-name") if annotation(pod, "agent") == name],
        lambda found: any(pod["status"]["phase"] == "Succeeded" for pod in found),
    )
    product.until("its last span", lambda: numbers(product, place, name), lambda found: 19 in found)
    assert "sk-proj" not in str(spans(product, place, name))
