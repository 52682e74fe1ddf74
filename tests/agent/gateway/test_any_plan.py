"""Whatever policies are accepted, the plan that is made of them is one that the gateway takes."""

import random
from pathlib import Path
from typing import Any

import pytest

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.types import AgentSpec
from agentops_operator.policies.budget.types import BudgetSpec, Mode, Scope, StepAction, Unit, WindowKind
from agentops_operator.policies.fallback.types import (
    Compression,
    Provider,
    ProviderFallbackSpec,
    Reaction,
    Role,
    Routing,
    Signal,
)
from agentops_operator.policies.masking.types import Action, Check, Guard, MaskingPolicySpec, Pack
from tests.agent.gateway.judge import problems
from tests.agent.gateway.world import HOME, World

ALIASES = ("chat", "GPT-4o", "meta-llama/Llama-3.3:free", "a@b", "x" * 100)
ERRORS = ("rateLimited", "serverError", "timeout", "connection", "unauthorized", "invalidResponse")


def maybe(luck: random.Random, **fields: Any) -> dict[str, Any]:
    """Some of the fields."""
    return {name: value for name, value in fields.items() if luck.random() < 0.5}


def word(luck: random.Random, words: Any) -> str:
    """One of an enumeration."""
    return str(luck.choice(list(words)))


def target(luck: random.Random, name: str) -> dict[str, Any]:
    """A target that the API server would accept."""
    keys = [{"role": str(role), "key": f"k-{role.lower()}"} for role in luck.sample(list(Role), luck.randint(1, 3))]
    price = {
        "input": f"{luck.randint(0, 9999)}.{luck.randint(0, 999999):06d}",
        "output": "0",
        **maybe(luck, cachedInput="9999.999999"),
    }
    provider = Provider(word(luck, Provider))
    return {
        "name": name,
        "provider": str(provider),
        "model": luck.choice(["gpt-4o", "Größe 9", "a/b:c"]),
        "credential": {"secretName": "agentops-x.y", "keys": keys},
        **place(luck, provider),
        **maybe(luck, price=price, timeoutMilliseconds=1),
    }


def place(luck: random.Random, provider: Provider) -> dict[str, Any]:
    """Where it is, in the fields of the provider."""
    if provider in (Provider.BEDROCK, Provider.VERTEX):
        return {"region": "eu-1", **({"project": "p"} if provider is Provider.VERTEX else {})}
    endpoint = {"endpoint": luck.choice(["http://a.shop.svc:8000", "https://x.example/base/v2"])}
    return {**endpoint, **(maybe(luck, apiVersion="v") if provider is Provider.AZURE else {})}


def alias(luck: random.Random, name: str, targets: list[str]) -> dict[str, Any]:
    """An alias that the API server would accept."""
    routing = Routing(word(luck, Routing))
    weight = {"weight": luck.randint(0, 1000)} if routing is Routing.WEIGHTED else {}
    signals = luck.sample(list(Signal), luck.randint(1, 4))
    escalation = {
        "on": [str(signal) for signal in signals],
        **({"minConfidencePercent": luck.randint(1, 99)} if Signal.LOW_CONFIDENCE in signals else {}),
        **({"judge": ["(?i)cannot", "x+"]} if Signal.JUDGE_RULE in signals else {}),
    }
    return {
        "name": name,
        "routing": str(routing),
        "targets": [{"name": one, **weight} for one in luck.sample(targets, luck.randint(1, len(targets)))],
        "retries": luck.randint(0, 10),
        "onError": {error: word(luck, Reaction) for error in ERRORS},
        "compression": word(luck, Compression),
        **maybe(luck, cache={"ttlSeconds": luck.randint(1, 86400)}),
        **({"escalation": escalation} if routing is Routing.COST_FIRST else {}),
    }


def budget(luck: random.Random, fallbacks: list[str]) -> dict[str, Any]:
    """A budget that the API server would accept."""
    unit, kind = Unit(word(luck, Unit)), WindowKind(word(luck, WindowKind))
    span = {"seconds": luck.randint(60, 31_622_400)} if kind is WindowKind.ROLLING else maybe(luck, timeZone="Asia/Kolkata")
    models = [
        {"alias": luck.choice(ALIASES), "use": luck.choice([*ALIASES, "gone"]), "fallback": luck.choice([*fallbacks, "gone"])}
    ]
    actions = [StepAction(word(luck, StepAction)) for _ in range(luck.randint(1, 8))]
    percents = sorted(luck.randint(1, 100) for _ in actions)
    ladder = [
        {"atPercent": percent, "action": str(action), **({"models": models} if action is StepAction.CHEAPER_MODEL else {})}
        for percent, action in zip(percents, actions, strict=True)
    ]
    limit = f"{luck.randint(1, 999_999_999)}" + (".000001" if unit is Unit.USD else "")
    return {
        "namespaceSelector": {},
        "unit": str(unit),
        "limit": limit,
        "window": {"kind": str(kind), **span},
        "scope": word(luck, Scope),
        "ladder": ladder,
        "mode": word(luck, Mode),
    }


def masking(luck: random.Random) -> dict[str, Any]:
    """A masking policy that the API server would accept."""
    names = luck.sample(["order", "n" * 63, "a-1", *(f"r{number}" for number in range(60))], luck.randint(0, 63))
    regexes = ["ORD-[0-9]{8}", "(?i)größe [0-9]+", "é" * 256, r"\\bx{2,5}"]
    rules = [
        {"name": name, "regex": luck.choice(regexes), "action": word(luck, Action), "check": word(luck, Check), "canary": "ORD-1"}
        for name in names
    ]
    packs = [{"name": str(pack), "action": word(luck, Action)} for pack in luck.sample(list(Pack), luck.randint(0, 7))]
    places = {
        "input": {"detectors": word(luck, Guard), "promptInjection": word(luck, Guard)},
        "output": maybe(luck, detectors=word(luck, Guard), harmfulOutput=word(luck, Guard)),
    }
    return {"namespaceSelector": {}, "packs": packs, "rules": rules, **maybe(luck, gateway=places, blockKeys=["content"])}


def world(seed: int) -> World:
    """A small cluster at random."""
    luck, made = random.Random(seed), World()
    names = [f"f{number}" for number in range(luck.randint(1, 4))]
    for name in names:
        targets = [f"t{number}" for number in range(luck.randint(1, 4))]
        aliases = luck.sample(ALIASES, luck.randint(1, len(ALIASES)))
        spec = {
            "namespaceSelector": {},
            "targets": [target(luck, one) for one in targets],
            "aliases": [alias(luck, one, targets) for one in aliases],
            **maybe(luck, maxOutputTokens=luck.randint(1, 10_000_000)),
        }
        made.policies.append(resource("ProviderFallback", HOME, name, ProviderFallbackSpec.model_validate(spec)))
    for number in range(luck.randint(0, 4)):
        made.policies.append(resource("Budget", HOME, f"b{number}", BudgetSpec.model_validate(budget(luck, names))))
    for number in range(luck.randint(0, 6)):
        made.policies.append(resource("MaskingPolicy", HOME, f"m{number}", MaskingPolicySpec.model_validate(masking(luck))))
    for number in range(luck.randint(1, 5)):
        spec = {"podSelector": {"matchLabels": {"app": "a"}}, **maybe(luck, useCase="u", serviceAccountName="s")}
        made.agents.append(resource("Agent", "shop", f"a{number}", AgentSpec.model_validate(spec)))
    return made


def resource(kind: str, namespace: str, name: str, spec: Any) -> Resource[Any]:
    """A resource of this spec."""
    return Resource(Key(kind, namespace, name), f"uid-{name}", 1, "2026-01-01T00:00:00Z", spec)


@pytest.mark.parametrize("seed", range(60))
def test_plan_of_accepted_policies_is_taken_by_the_gateway(seed: int, tmp_path: Path) -> None:
    """One policy that made the plan unreadable would stop changes for everybody."""
    plan = world(seed).plan()
    assert plan["agents"]
    assert problems(plan, tmp_path) == ""
