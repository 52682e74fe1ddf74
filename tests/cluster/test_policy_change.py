"""A changed policy reaches sidecars that run, without a restart and without losing a span."""

from pathlib import Path

import pytest

from tests.cluster.access import Access
from tests.cluster.evidence import numbers, pods, reported, restarts, watching, whole_after
from tests.cluster.shapes import custom

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
PROGRAMMED = 'jsonpath={.status.conditions[?(@.type=="Programmed")].status}{"\\n"}'
SWAPS = 3


def test_changed_rules_reach_the_running_sidecar_without_losing_a_span(product: Access, namespace: str, tmp_path: Path) -> None:
    """Three swaps of rules are reported by the sidecar, shown as Programmed False then True, and cost no restart and no span."""
    product.first_agent(namespace)
    product.until_condition("agents", "first-agent", namespace, Programmed="True", Enforced="True")
    history = tmp_path / "programmed"
    for swap in range(SWAPS):
        before = rules_digest(product, namespace)
        with watching(product, history, "agents.agentops.dev", "first-agent", "-n", namespace, "-o", PROGRAMMED):
            product.until("the watch", history.read_text, lambda text: "True" in text)
            change_rules(product, namespace, swap)
            wanted = product.until("new rules", lambda: rules_digest(product, namespace), lambda now, old=before: now != old)
            product.until("a report of the new rules", lambda: reported(product, namespace), lambda now, new=wanted: now == {new})
            product.until_condition("agents", "first-agent", namespace, Programmed="True", Enforced="True")
            product.until("the watch", history.read_text, lambda text: text.split()[-1:] == ["True"])
        assert "False" in history.read_text().split()
    product.until("every span", lambda: numbers(product, namespace), whole_after(SWAPS))
    [pod] = pods(product, namespace)
    assert restarts(pod) == 0


def change_rules(product: Access, namespace: str, swap: int) -> None:
    """Adds a rule of another name to the example's policy."""
    rule = {"name": f"order-{swap}", "regex": f"ORD{swap}-[0-9]{{8}}", "canary": f"ORD{swap}-12345678"}
    packs = [{"name": "Credentials"}, {"name": "Email"}]
    product.apply(custom("MaskingPolicy", "default", packs=packs, rules=[rule]), namespace=namespace)


def rules_digest(product: Access, namespace: str) -> str:
    """Digest of the rules that should be in force."""
    return str(product.get("agents.agentops.dev", "first-agent", "-n", namespace)["status"]["rulesDigest"])
