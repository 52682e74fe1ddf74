"""ProviderFallbacks as parts of the gateway plan, golden: run with `UPDATE_GOLDEN=1` to accept what compile says now."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agentops_operator.policies.fallback.compile import ENTRY, fault, fragment, route_name, secrets, unpriced
from agentops_operator.policies.fallback.prices import micro_prices, price_of, table_version
from agentops_operator.policies.fallback.types import ProviderFallbackSpec

CASES = sorted((Path(__file__).parent / "cases").glob("*/spec.yaml"))


def spec_of(**fields: Any) -> ProviderFallbackSpec:
    """A policy with one target and one alias."""
    target = {
        "name": "a",
        "provider": "openai",
        "model": "gpt-4o",
        "credential": {"secretName": "agentops-a", "keys": [{"role": "ApiKey", "key": "k"}]},
    }
    return ProviderFallbackSpec.model_validate(
        {"targets": [{**target, **fields}], "aliases": [{"name": "chat", "targets": [{"name": "a"}]}]}
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_part_of_the_plan_is_the_golden_one(path: Path) -> None:
    """The same spec gives the targets and routes that were reviewed."""
    spec = ProviderFallbackSpec.model_validate(yaml.safe_load(path.read_text()))
    part = fragment("shop/chat", spec)
    value = {
        "targets": dict(part.targets),
        "routes": dict(part.routes),
        "aliases": dict(part.aliases),
        "unpriced": unpriced(spec),
    }
    got = yaml.safe_dump(value, sort_keys=False, width=160)
    golden = path.with_name("plan.yaml")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(got)
    assert got == golden.read_text()


def test_table_gives_the_price_and_the_target_overrides_it() -> None:
    """Micro-USD per million tokens: 2.50 USD is 2,500,000."""
    table, own = spec_of(), spec_of(price={"input": "2", "output": "8.000001"})
    assert micro_prices(price_of(table.targets[0]) or pytest.fail("no price"))["input"] == 2_500_000
    assert micro_prices(price_of(own.targets[0]) or pytest.fail("no price")) == {"input": 2_000_000, "output": 8_000_001}


@pytest.mark.parametrize("fields", [{"model": "gpt-99"}, {"endpoint": "https://reseller.example"}])
def test_unknown_price_is_unknown_and_not_zero(fields: dict[str, str]) -> None:
    """A model that the table does not have, or one at an address of one's own, has no price in the plan."""
    spec = spec_of(**fields)
    assert "price" not in fragment("shop/chat", spec).targets["shop/chat/a"]
    assert unpriced(spec) == ["a"]


def test_table_has_a_version_and_no_price_of_nothing() -> None:
    """A plan says by which table it was made."""
    assert table_version()


def test_only_secrets_are_named_and_no_value() -> None:
    """The operator knows the name of a Secret and its keys."""
    assert secrets(spec_of()) == {"agentops-a"}


def test_alias_that_leads_to_no_target_is_a_fault() -> None:
    """It would make the gateway refuse the plan of every Agent of the cluster."""
    spec = ProviderFallbackSpec.model_validate(
        {
            "targets": [{"name": "a", "provider": "openai-compatible", "endpoint": "http://a.shop.svc", "model": "m"}],
            "aliases": [{"name": "chat", "targets": [{"name": "b"}]}],
        }
    )
    assert "spec.aliases[chat].targets names 'b'" in fault(spec)
    assert fault(spec_of()) == ""


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"provider": "bedrock"}, "region"),
        ({"provider": "bedrock", "region": "eu-central-1", "endpoint": "https://a"}, "endpoint"),
        ({"provider": "vertex", "region": "europe-west4"}, "project"),
        ({"region": "eu-central-1"}, "region"),
        ({"apiVersion": "2025-04-01-preview"}, "apiVersion"),
    ],
)
def test_field_that_the_provider_would_not_heed_or_lacks_is_a_fault(fields: dict[str, str], name: str) -> None:
    """The schema says it too; an object of an older schema may still have it."""
    assert f"spec.targets[a].{name} does not fit provider" in fault(spec_of(**fields))


def test_a_version_of_a_policy_is_compiled_once() -> None:
    """A thousand Agents that share a policy share its part of the plan."""
    spec = spec_of()
    assert fragment("shop/chat", spec) is fragment("shop/chat", spec)
    assert spec == spec_of()


@given(st.from_regex(r"\A[A-Za-z0-9]([A-Za-z0-9._:/@-]{0,30}[A-Za-z0-9])?\Z"))
def test_every_alias_has_a_name_that_the_plan_takes(alias: str) -> None:
    """Names of the plan are lower case; those of aliases that are not stay apart by a hash."""
    name = route_name("shop/chat", alias)
    policy, _, last = name.rpartition("/")
    assert policy == "shop/chat"
    assert ENTRY.fullmatch(last)
    assert route_name("shop/chat", alias + "X") != name
