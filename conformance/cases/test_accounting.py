"""What is charged is what was used."""

import asyncio
import contextlib
from typing import Any

import openai
import pytest

from conformance.caller import CHAT, CHAT_STREAM, STREAMS, WAYS, WHOLE, Said, Way, kind_of, refused
from conformance.lab import Lab
from conformance.plans import AGENT, MODEL, PRICES, Plan, agent, budget, plan
from conformance.proves import proves

LARGE = 1_000_000_000


def counted(lab: Lab, way: Way = CHAT, **target: Any) -> Plan:
    """A plan that counts money and tokens, and refuses nothing."""
    budgets = {"usd": budget(LARGE, "MicroUSD"), "tokens": budget(LARGE, "Tokens")}
    targets = lab.targets("a", kind=kind_of(way), **target)
    return plan(targets, budgets=budgets, agents={AGENT: agent(budgets=["usd", "tokens"], maxOutputTokens=400)})


async def settled(lab: Lab, budget_name: str = "usd", least: int = 0) -> dict[str, Any]:
    """How a budget stands once nothing is reserved any more, and so much was used at least."""
    for _ in range(200):
        use = lab.budget_use(budget_name)
        if not use["reserved"] and use["used"] >= least:
            return use
        await asyncio.sleep(0.05)
    raise AssertionError(f"something stays reserved: {use}")


@proves("accounting/equals-bill", "targets.*.price.input", "targets.*.price.output")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_charge_is_the_providers_bill(lab: Lab, way: Way) -> None:
    """To the micro-USD and to the token, with nothing estimated."""
    lab.start(counted(lab, way))
    for length in (1, 10, 50):
        await lab.caller().ask(way, "word " * length, **({"max_tokens": 400} if way.api == "messages" else {}))
    bill, usd, tokens = lab.provider.bill("a"), await settled(lab), await settled(lab, "tokens")
    assert (usd["used"], usd["estimated"]) == (bill["microUsd"], 0)
    assert (tokens["used"], tokens["estimated"]) == (bill["inputTokens"] + bill["outputTokens"], 0)


@proves("targets.*.price.cachedInput")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_input_from_the_providers_cache_has_its_own_price(lab: Lab, way: Way) -> None:
    """OpenAI counts it within the input, Anthropic beside it."""
    lab.start(counted(lab, way))
    lab.provider.fault(provider="a", times=0, cached=0.5)
    # 400 characters and the frame of the message: the cached tokens cost whole micro-USD in sums of ten.
    await lab.caller().ask(way, "word " * 80)
    bill, usd = lab.provider.bill("a"), await settled(lab)
    assert bill["cachedTokens"] > 0
    assert abs(usd["used"] - bill["microUsd"]) < 1


@proves("targets.*.price.input")
async def test_price_is_that_of_the_target_that_answered(lab: Lab) -> None:
    """A falls over to B, which costs ten times as much."""
    dear = {**PRICES[MODEL], "input": 10_000_000, "output": 50_000_000}
    targets = lab.targets("a") | {"b": lab.target("b", price=dear)}
    budgets = {"usd": budget(LARGE, "MicroUSD")}
    lab.start(plan(targets, budgets=budgets, agents={AGENT: agent(budgets=["usd"])}))
    lab.provider.fault(provider="a", status=500)
    await lab.caller().ask()
    assert (await settled(lab))["used"] == 10 * lab.provider.bill("b")["microUsd"]


@proves("accounting/estimates")
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("fault", [{"no_usage": True}, {"usage_factor": 0.0}], ids=["missing", "zero"])
async def test_usage_that_is_missing_is_estimated_and_marked(lab: Lab, way: Way, fault: dict[str, Any]) -> None:
    """Never zero, near the truth, and the answer says so where its headers can."""
    lab.start(counted(lab, way))
    lab.provider.fault(provider="a", times=0, **fault)
    said = await lab.caller().ask(way, "word " * 40)
    tokens = await settled(lab, "tokens")
    bill = lab.provider.bill("a")
    true = bill["inputTokens"] + bill["outputTokens"]
    assert tokens["estimated"] == tokens["used"]
    assert true / 2 <= tokens["used"] <= 2 * true + 400
    if not way.stream:
        assert said.headers["x-agentops-usage"] == "estimated"


@proves("accounting/cut-streams")
@pytest.mark.parametrize("way", STREAMS, ids=str)
async def test_stream_that_broke_is_charged_for_what_was_served(lab: Lab, way: Way) -> None:
    """Half an answer is half a charge, marked as an estimate: nobody stated its usage."""
    lab.start(counted(lab, way))
    lab.provider.fault(provider="a", cut_after=20, pause=0.005)
    await refused(lab.caller().ask(way, "word " * 60))
    usd, bill = await settled(lab), lab.provider.bill("a")
    assert bill["microUsd"] > 0
    assert usd["estimated"] > 0
    assert bill["microUsd"] / 2 <= usd["used"] <= 2 * bill["microUsd"]


@proves("accounting/disconnects")
@pytest.mark.parametrize("way", STREAMS, ids=str)
async def test_caller_that_hangs_up_is_charged_for_what_was_served(lab: Lab, way: Way) -> None:
    """The charge differs from the bill by no more than its estimated part, and nothing stays reserved."""
    lab.start(counted(lab, way))
    lab.provider.fault(provider="a", pause=0.05, length=1200)
    asking = asyncio.create_task(lab.caller().ask(way, said=(said := Said())))
    async with asyncio.timeout(10):
        while len(said.text) < 20:  # noqa: ASYNC110 (a stream has no event of ours)
            await asyncio.sleep(0.01)
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking
    usd = await settled(lab)
    for _ in range(100):
        if lab.provider.bill("a")["calls"]:
            break
        await asyncio.sleep(0.05)
    bill = lab.provider.bill("a")
    assert usd["used"] > 0
    assert abs(usd["used"] - bill["microUsd"]) <= max(usd["estimated"], 5)


@proves("accounting/disconnects")
@pytest.mark.parametrize("way", STREAMS, ids=str)
async def test_caller_that_hangs_up_before_the_first_token_is_charged_for_the_question(lab: Lab, way: Way) -> None:
    """The provider has read it. Marked, as nobody stated a usage; and nothing stays reserved."""
    lab.start(counted(lab, way))
    lab.provider.fault(provider="a", first_token=30.0)
    await _hang_up(lab, way)
    tokens = await settled(lab, "tokens", least=1)
    assert 0 < tokens["used"] == tokens["estimated"] < 60


@proves("accounting/disconnects", "accounting/equals-bill")
@pytest.mark.parametrize("way", WHOLE, ids=str)
async def test_caller_that_hangs_up_on_a_whole_answer_is_charged_the_bill(lab: Lab, way: Way) -> None:
    """The provider goes on and bills it, so the gateway waits for its end."""
    lab.start(counted(lab, way))
    lab.provider.fault(provider="a", latency=0.5)
    await _hang_up(lab, way)
    usd, bill = await settled(lab, least=1), lab.provider.bill("a")
    assert (bill["calls"], usd["used"], usd["estimated"]) == (1, bill["microUsd"], 0)


async def _hang_up(lab: Lab, way: Way) -> None:
    """Asks, and is gone as soon as the provider has the question."""
    asking = asyncio.create_task(lab.caller().ask(way, "word " * 20))
    async with asyncio.timeout(10):
        while not lab.provider.requests("a"):  # noqa: ASYNC110 (the provider has no event of ours)
            await asyncio.sleep(0.01)
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking


@proves("apis/embeddings", "accounting/equals-bill", "accounting/estimates")
@pytest.mark.parametrize("stated", [True, False], ids=["stated", "missing"])
async def test_embeddings_are_charged_like_any_other_call(lab: Lab, *, stated: bool) -> None:
    """By the provider's bill; where it states no usage, by an estimate that is marked."""
    targets = lab.targets("a", model="text-embedding-3-small")
    budgets = {"usd": budget(LARGE, "MicroUSD"), "tokens": budget(LARGE, "Tokens")}
    agents = {AGENT: agent({"embed": "chat"}, budgets=["usd", "tokens"])}
    lab.start(plan(targets, budgets=budgets, agents=agents))
    lab.provider.fault(provider="a", times=0, no_usage=not stated)
    await lab.caller().openai().embeddings.create(model="embed", input=["word " * 1000] * 4)
    tokens, usd, bill = await settled(lab, "tokens"), await settled(lab), lab.provider.bill("a")
    assert tokens["estimated"] == (0 if stated else tokens["used"])
    assert abs(tokens["used"] - bill["inputTokens"]) <= (0 if stated else bill["inputTokens"] / 10)
    assert abs(usd["used"] - bill["microUsd"]) <= (1 if stated else bill["microUsd"] / 10)


@proves("accounting/equals-bill")
async def test_failed_calls_cost_nothing(lab: Lab) -> None:
    """What no provider served is not charged, whatever the fault."""
    lab.start(counted(lab, timeoutMilliseconds=300))
    for fault in ({"status": 500}, {"status": 400}, {"reset": True}, {"silent": True}, {"garbage": "json"}):
        lab.provider.fault(provider="a", **fault)
        await refused(lab.caller().ask())
    usd = await settled(lab)
    # A provider that took the request and never answered may have worked on it: that part may be an estimate.
    assert usd["used"] == usd["estimated"]
    assert lab.provider.bill()["microUsd"] == 0


@proves("accounting/overshoot", "accounting/equals-bill", "state/replicas")
async def test_many_callers_at_several_replicas_spend_no_more_than_the_budget(lab: Lab) -> None:
    """24 callers at 3 replicas until all are refused: the bill is at most the budget, and the charge is the bill."""
    limit = 12_000
    budgets = {"usd": budget(limit, "MicroUSD")}
    lab.start(plan(lab.targets("a"), budgets=budgets, agents={AGENT: agent(budgets=["usd"])}), replicas=3)

    calls = iter(range(limit // 20))  # more than the budget can pay for

    async def spend(number: int) -> int:
        for answers, _ in enumerate(calls):
            try:
                await lab.caller(replica=number % 3).ask((CHAT_STREAM, CHAT, CHAT)[number % 3])
            except openai.RateLimitError:
                return answers
        raise AssertionError("the budget has no end")

    answers = sum(await asyncio.gather(*(spend(number) for number in range(24))))
    usd, bill = await settled(lab), lab.provider.bill("a")
    assert bill["calls"] == answers
    assert (usd["used"], usd["estimated"]) == (bill["microUsd"], 0)
    assert limit * 0.9 <= bill["microUsd"] <= limit
