"""What the conformance report says is what the operator calls supported."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agentops_operator.agent.gateway import support
from agentops_operator.agent.gateway.observe import unproven
from agentops_operator.agent.gateway.support import ENGINE, fragment_fields, paths, summary
from agentops_operator.policies.fallback.compile import fragment
from agentops_operator.policies.fallback.types import ProviderFallbackSpec
from tests.agent.gateway.test_any_plan import world

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "operator" / "agentops_operator" / "agent" / "gateway" / "support.json"
REPORTS = ROOT / "conformance" / "reports"


def spec(provider: str) -> ProviderFallbackSpec:
    """A policy with one target at this provider."""
    target = {"name": "a", "provider": provider, "model": "m", "endpoint": "https://x.example"}
    credential = {"secretName": "agentops-a", "keys": [{"role": "ApiKey", "key": "k"}]}
    return ProviderFallbackSpec.model_validate(
        {"targets": [{**target, "credential": credential}], "aliases": [{"name": "chat", "targets": [{"name": "a"}]}]}
    )


def test_table_is_the_newest_report() -> None:
    """Run with `UPDATE_GOLDEN=1` after `make conformance-report`: what the suite no longer proves is no longer claimed."""
    got = {path.stem: summary(json.loads(path.read_text())) for path in sorted(REPORTS.glob("*.json"))}
    text = json.dumps(got, indent=1) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        TABLE.write_text(text)
    assert TABLE.read_text() == text


@pytest.mark.parametrize("seed", range(20))
def test_fields_are_named_as_the_report_names_them(seed: int) -> None:
    """A field that is spelt another way would be passed over, and called enforced."""
    known = set(json.loads((REPORTS / f"{ENGINE}.json").read_text())["fields"])
    plan = world(seed).plan()
    told = {field for part in ("targets", "routes", "guardrails", "budgets", "agents") for field in paths(plan[part], part)}
    leaves = {field for field in told if "=" not in field or field in known or field.partition("=")[0] not in known}
    enumerated = {name.partition("=")[0] for name in known if "=" in name}
    assert {field for field in told if field.partition("=")[0] in enumerated and "=" in field} <= known
    assert known & leaves


def test_provider_without_a_case_is_in_the_plan_and_not_called_enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite does not play it; the condition names the field instead of guessing."""
    table: dict[str, Any] = {"not enforced": frozenset(), "not tested": frozenset({"targets.*.provider=snowflake"})}
    monkeypatch.setattr(support, "table", lambda: table)
    condition = unproven(fragment_fields(fragment("shop/chat", spec("snowflake"))))
    assert condition is not None
    assert (condition.status, condition.reason) == ("Unknown", "NotProven")
    assert "targets.*.provider=snowflake" in condition.message


def test_provider_with_a_case_is_proven() -> None:
    """Nothing stands against it."""
    assert unproven(fragment_fields(fragment("shop/chat", spec("openai")))) is None


def test_field_that_the_engine_does_not_do_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that leaves it out is never said to enforce it."""
    table: dict[str, Any] = {"not enforced": frozenset({"routes.*.retries"}), "not tested": frozenset()}
    monkeypatch.setattr(support, "table", lambda: table)
    condition = unproven(fragment_fields(fragment("shop/chat", spec("openai"))))
    assert condition is not None
    assert (condition.status, condition.reason) == ("False", "UnsupportedByEngine")
