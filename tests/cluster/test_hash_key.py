"""Hashed placeholders: without their key, with it, and after it was replaced, in one pod that is never restarted."""

import hashlib
import hmac

import pytest

from demo.images import ROOT
from tests.cluster.access import Access
from tests.cluster.evidence import numbers, pods, restarts, whole_after
from tests.cluster.shapes import custom
from tests.cluster.test_first_agent import MAIL

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
SECRET = "agentops-e2e-hash"
KEYS = ("the-first-key-of-two", "the-second-key-of-two")
POLICY = custom(
    "MaskingPolicy",
    "default",
    packs=[{"name": "Credentials"}, {"name": "Email", "action": "Hash"}],
    hashKey={"secretName": SECRET},
)


def test_hash_key_is_missed_used_and_rotated(product: Access, namespace: str) -> None:
    """Absent it is named and Hash redacts; given and replaced it is in force in the running pod, and no span is lost."""
    product.apply_file("examples/first-agent/agentops.yaml", namespace)
    product.apply(POLICY, namespace=namespace)
    product.until("the key in the index", lambda: index(product, namespace), lambda text: SECRET in text)
    product.wait_for_entry(namespace, "Deployment/first-agent")
    product.config_map_from("first-agent", ROOT / "examples/first-agent/agent.py", namespace)
    product.apply_file("examples/first-agent/deployment.yaml", namespace)

    for kind, name in (("maskingpolicies", "default"), ("agents", "first-agent")):
        seen = product.until_condition(kind, name, namespace, Enforced="False/HashKeyMissing")
        assert f"give Secret {namespace}/{SECRET} a key named current" in seen["Enforced"]["message"]
    product.until("redacted addresses", lambda: product.traces(namespace, "first-agent"), lambda text: "[EMAIL]" in text)

    for number, key in enumerate(KEYS):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": {"current": key}}
        product.apply(secret, namespace=namespace)
        wanted = placeholder(key)
        text = product.until(
            f"addresses hashed with key {number}",
            lambda: product.traces(namespace, "first-agent"),
            lambda told, new=wanted: new in told,
        )
        assert MAIL not in text
        product.until_condition("maskingpolicies", "default", namespace, Enforced="True")
    assert all(placeholder(key) in text for key in KEYS)
    product.until("every span", lambda: numbers(product, namespace), whole_after(numbers(product, namespace)[-1]))
    [pod] = pods(product, namespace)
    assert restarts(pod) == 0


def placeholder(key: str) -> str:
    """What stands for the example's address under a key."""
    return f"[EMAIL:{hmac.new(key.encode(), MAIL.encode(), hashlib.sha256).hexdigest()[:12]}]"


def index(product: Access, namespace: str) -> str:
    """The injection index, as text."""
    return product.kubectl("get", "injectionindexes.agentops.dev", "-n", namespace, "-o", "yaml")
