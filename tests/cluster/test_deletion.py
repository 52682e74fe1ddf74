"""What remains when policies, Agents and namespaces are deleted while agents run."""

import pytest

from demo.install import NAMESPACE as HOME
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import has_sidecar, pods, refused, restarts, spans
from tests.cluster.platform import platform_policy
from tests.cluster.shapes import agent, custom, workload

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
CONTENT = "gen_ai.input.messages"


def test_safe_default_holds_when_policies_go(product: Access, namespace: str) -> None:
    """Without its policies an agent captures no content, credentials stay masked, and the status says so."""
    product.first_agent(namespace)
    product.until_condition("agents", "first-agent", namespace, Enforced="True")
    product.until("content", lambda: spans(product, namespace), lambda found: any(CONTENT in s["attributes"] for s in found))
    product.kubectl("delete", "maskingpolicies.agentops.dev,tracepolicies.agentops.dev", "default", "-n", namespace)
    status = product.until(
        "the default in the status",
        lambda: product.get("agents.agentops.dev", "first-agent", "-n", namespace)["status"],
        lambda status: status["capture"] == "None" and not status["policies"],
    )
    assert status["rulesDigest"]
    product.until_condition("agents", "first-agent", namespace, Programmed="True", Enforced="True")
    before = len(spans(product, namespace))
    newest = product.until("spans under the default", lambda: spans(product, namespace), lambda found: len(found) > before + 3)
    last = max(newest, key=lambda span: int(span["startTimeUnixNano"]))
    assert CONTENT not in last["attributes"]
    assert "sk-proj" not in str(newest)


def test_platform_policy_in_use_is_kept_until_it_is_meant(product: Access, namespace: str) -> None:
    """Deleting a platform policy that binds agents is refused and says which annotation lifts that."""
    product.apply(agent("guarded", "Deployment"), namespace=namespace)
    with platform_policy(product, custom("MaskingPolicy", "e2e-guard", packs=[{"name": "Phone"}]), namespace):
        product.until_condition("maskingpolicies", "e2e-guard", HOME, Programmed="True/Programmed")
        message = refused(product, "delete", "maskingpolicies.agentops.dev", "e2e-guard", "-n", HOME)
        assert "agentops.dev/allow-delete=true" in message
        assert "binds 1 agent(s)" in message
    bound = product.until(
        "its end in the status",
        lambda: product.get("agents.agentops.dev", "guarded", "-n", namespace)["status"]["policies"],
        lambda policies: not policies,
    )
    assert bound == []


def test_pods_outlive_their_agent(product: Access, namespace: str) -> None:
    """With the Agent go its rules and its row; its pod runs on, untouched, and a new pod gets no sidecar."""
    product.apply(agent("brief", "Deployment"), agent("stays", "Deployment"), namespace=namespace)
    product.wait_for_entry(namespace, "Deployment/brief")
    product.apply(workload("Deployment", "brief"), namespace=namespace)
    product.until_condition("agents", "brief", namespace, Ready="True", Covered="True/AllPodsInjected")
    [pod] = pods(product, namespace)
    product.kubectl("delete", "agents.agentops.dev", "brief", "-n", namespace)
    product.until(
        "children", lambda: product.kubectl("get", "configmaps", "-n", namespace), lambda text: "brief-agentops" not in text
    )
    product.until(
        "its row",
        lambda: product.get("injectionindexes.agentops.dev", "injection", "-n", namespace)["agents"],
        lambda rows: set(rows) == {"Deployment/stays"},
    )
    [same] = pods(product, namespace)
    assert same["metadata"]["uid"] == pod["metadata"]["uid"]
    assert restarts(same) == 0
    product.kubectl("delete", "pod", pod["metadata"]["name"], "-n", namespace, "--wait=false")
    [new] = product.until("a new pod", lambda: pods(product, namespace), lambda found: bool(found) and found != [same])
    assert not has_sidecar(new)


def test_namespace_with_a_running_agent_goes(product: Access) -> None:
    """Nothing of ours holds a namespace back, and the operator makes no error of it."""
    name = "e2e-namespace-goes"
    with fresh_namespaces(product, name):
        product.apply(agent("doomed", "Deployment"), custom("MaskingPolicy", "doomed"), namespace=name)
        product.wait_for_entry(name, "Deployment/doomed")
        product.apply(workload("Deployment", "doomed"), namespace=name)
        product.until_condition("agents", "doomed", name, Ready="True", Covered="True/AllPodsInjected")
        log = ("logs", "deployment/agentops-operator", "-n", HOME, "--since=60s")
        product.kubectl("delete", "namespace", name, "--timeout=100s")
        product.until("the end", lambda: product.kubectl("get", "namespaces", "-o", "name"), lambda text: name not in text)
        lines = [line for line in product.kubectl(*log).splitlines() if name in line]
        assert [line for line in lines if "ERROR" in line or "Traceback" in line] == []
        product.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
