"""Pods that a namespace or a policy refuses: said on the Agent, and never kept out by our sidecar alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.admission import pod_of
from devcluster.errors import DevclusterError
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import as_admitted, has_sidecar, pods
from tests.cluster.platform import platform_policy
from tests.cluster.shapes import Object, agent, container, custom, workload

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
MAX, MIN, QUOTA, REQUIRE, DENY = (f"e2e-refused-{name}" for name in ("max", "min", "quota", "require", "deny"))
TOLD = {
    MAX: "maximum memory usage per Container is 128Mi, but limit is 192Mi",
    MIN: "minimum cpu usage per Container is 50m, but request is 20m",
    QUOTA: "exceeded quota: all, requested: limits.memory=256Mi, used: limits.memory=0, limited: limits.memory=128Mi",
}
BUSY = {"requests": {"cpu": "60m", "memory": "16Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}}
OWN_ENDPOINT = [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector.elsewhere:4318"}]
TEAM = workload("Deployment", "team", container(resources=BUSY))
BYPASSING = workload("Deployment", "team", container(env=OWN_ENDPOINT))


def limit_range(**bounds: dict[str, str]) -> Object:
    """A LimitRange for containers."""
    limits = [{"type": "Container", **bounds}]
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "all"}, "spec": {"limits": limits}}


LIMITS = {
    MAX: limit_range(max={"memory": "128Mi"}),
    MIN: limit_range(min={"cpu": "50m"}),
    QUOTA: {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "all"},
        "spec": {"hard": {"limits.memory": "128Mi"}},
    },
    REQUIRE: limit_range(max={"memory": "128Mi"}),
}


@pytest.fixture(scope="module", autouse=True)
def places(product: Access) -> Iterator[None]:
    """A namespace for each way to be refused, all made at once."""
    deny = custom("TracePolicy", "e2e-deny", onBypass="Deny")
    required = fresh_namespaces(product, REQUIRE, **{"agentops.dev/injection": "Require"})
    with fresh_namespaces(product, MAX, MIN, QUOTA, DENY), required, platform_policy(product, deny, DENY):
        for name in (*LIMITS, DENY):
            limit = [LIMITS[name]] if name in LIMITS else []
            product.apply(agent("team", "Deployment"), *limit, namespace=name)
        product.until("the refusal of endpoints", lambda: rows(product, DENY), lambda found: denied(found))
        product.until("the refusal in force", lambda: refuses(product), bool)
        for name in (*LIMITS, DENY):
            product.wait_for_entry(name, "Deployment/team")
            product.apply(BYPASSING if name == DENY else TEAM, namespace=name)
        yield


@pytest.mark.parametrize("name", TOLD)
def test_pod_starts_without_the_sidecar_that_would_keep_it_out(product: Access, name: str) -> None:
    """Injection is withdrawn, the agent runs, and the Agent says what refused the sidecar and what to change."""
    [pod] = product.until("a running pod", lambda: pods(product, name), running)
    assert not has_sidecar(pod)
    seen = product.until_condition("agents", "team", name, Covered="False/SidecarRefused", Enforced="False/NotCovered")
    assert TOLD[name] in seen["Covered"]["message"]
    assert "injection.sidecar.resources" in seen["Covered"]["message"]
    # An Event follows the status that it tells of.
    told = product.until("the event", lambda: told_of(product, name, "SidecarRefused"), bool)
    assert [event["type"] for event in told] == ["Warning"]


def test_mended_namespace_is_covered_again(product: Access) -> None:
    """With the bound gone and the refusals forgotten, the Agent's rows are back, and a restart brings the sidecar."""
    product.until_condition("agents", "team", MAX, Covered="False/SidecarRefused")
    product.kubectl("delete", "limitrange", "all", "-n", MAX)
    product.kubectl("delete", "events", "--field-selector", "reason=FailedCreate", "-n", MAX)
    product.wait_for_entry(MAX, "Deployment/team")
    product.kubectl("rollout", "restart", "deployment/team", "-n", MAX)
    product.until_condition("agents", "team", MAX, Ready="True", Covered="True/AllPodsInjected")


def test_namespace_that_requires_the_sidecar_keeps_the_pod_out(product: Access) -> None:
    """Where a pod without sidecar is not wanted nothing is withdrawn; the Agent says why there is no pod."""
    seen = product.until_condition("agents", "team", REQUIRE, Covered="False/PodRefused")
    assert TOLD[MAX] in seen["Covered"]["message"]
    assert pods(product, REQUIRE) == []
    product.kubectl("delete", "limitrange", "all", "-n", REQUIRE)
    product.kubectl("rollout", "restart", "deployment/team", "-n", REQUIRE)
    product.until_condition("agents", "team", REQUIRE, Ready="True", Covered="True/AllPodsInjected")


def test_own_endpoint_is_refused_where_the_platform_denies_it(product: Access) -> None:
    """The pod does not start, the Agent names container, variable and mend, and without the variable all is covered."""
    seen = product.until_condition("agents", "team", DENY, Covered="False/PodRefused")
    for part in ('container "main" sets env OTEL_EXPORTER_OTLP_ENDPOINT', "onBypass: Deny", "Remove the variable"):
        assert part in seen["Covered"]["message"]
    assert pods(product, DENY) == []
    product.apply(TEAM, namespace=DENY)
    product.until_condition("agents", "team", DENY, Ready="True", Covered="True/AllPodsInjected")


def told_of(product: Access, namespace: str, reason: str) -> list[Any]:
    """Events with a reason."""
    found: list[Any] = product.get("events", "-n", namespace, "--field-selector", f"reason={reason}")["items"]
    return found


def rows(product: Access, namespace: str) -> list[Any]:
    """Rows of the Agent in the index; none while there is no index."""
    items = product.get("injectionindexes.agentops.dev", "-n", namespace)["items"]
    return [row for item in items for row in item.get("agents", {}).get("Deployment/team", [])]


def refuses(product: Access) -> bool:
    """Whether a pod with an endpoint of its own would be refused now: what refuses watches the index apart from what injects."""
    bypassing = pod_of("Deployment/team")
    bypassing["spec"]["containers"][0]["env"] = OWN_ENDPOINT
    try:
        as_admitted(product, DENY, bypassing)
    except DevclusterError as error:
        return "onBypass: Deny" in str(error)
    return False


def denied(found: list[Any]) -> bool:
    """Whether the platform's policy is in the row."""
    return bool(found) and all(row.get("onBypass") == "Deny" for row in found)


def running(found: list[Any]) -> bool:
    """Whether there is one pod and it runs."""
    return [pod["status"]["phase"] for pod in found] == ["Running"]
