"""Over the whole run: our accounts never touched a Secret, and admission never panicked."""

import json

import pytest

from demo.install import NAMESPACE
from tests.cluster.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]
ACCOUNTS = {f"system:serviceaccount:{NAMESPACE}:{name}" for name in ("agentops-operator", "agentops-relay")}


def test_our_accounts_never_ask_for_secrets(product: Access) -> None:
    """The audit log holds requests of both accounts, none of them on Secrets."""
    seen: set[str] = set()
    asked = []
    with product.cluster.audit_log.open() as log:
        for line in log:
            if f"system:serviceaccount:{NAMESPACE}:" not in line:
                continue
            entry = json.loads(line)
            user = entry["user"]["username"]
            if user in ACCOUNTS and not entry.get("impersonatedUser"):
                seen.add(user)
                if entry.get("objectRef", {}).get("resource") == "secrets":
                    asked.append((user, entry["verb"], entry["requestURI"]))
    assert seen == ACCOUNTS
    assert asked == []


def test_admission_never_panicked(product: Access) -> None:
    """A panic in an expression would refuse pods whatever failurePolicy says."""
    assert "Observed a panic" not in product.cluster.apiserver_log.read_text(errors="replace")
