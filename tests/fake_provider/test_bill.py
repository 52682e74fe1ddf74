"""The bill: equal to the usage that was answered, priced by model."""

import aiohttp
import pytest

from tests.fake_provider.requests import CHAT, bill, chat


async def test_bill_is_the_sum_of_stated_usage(provider: aiohttp.ClientSession) -> None:
    """Tokens on the bill are those that the answers stated, streamed or not."""
    stated = 0
    for question in ("one", "two words", "three more words"):
        async with provider.post(CHAT, json=chat(question)) as answer:
            stated += (await answer.json())["usage"]["total_tokens"]
        async with provider.post(CHAT, json=chat(question, stream=True)) as answer:
            await answer.read()
    charged = await bill(provider)
    assert charged["calls"] == 6
    assert charged["inputTokens"] + charged["outputTokens"] == 2 * stated


async def test_price_is_that_of_the_model(provider: aiohttp.ClientSession) -> None:
    """A cheap model costs less for the same words."""
    for model in ("gpt-4o", "gpt-4o-mini"):
        async with provider.post(CHAT, json=chat(model=model)) as answer:
            assert answer.status == 200
    large, small = await bill(provider), await bill(provider, "gpt-4o-mini")
    assert large["inputTokens"] == small["inputTokens"]
    assert large["usd"] == pytest.approx((large["inputTokens"] * 2.5 + large["outputTokens"] * 10) / 1e6)
    assert small["usd"] < large["usd"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"model": "gpt-4o"}, 400), ({"messages": []}, 400), (chat(model="gpt-9"), 404)],
    ids=["no messages", "no model", "unknown model"],
)
async def test_wrong_request_is_refused_as_the_real_one_does(
    provider: aiohttp.ClientSession, body: dict[str, object], status: int
) -> None:
    """A client's mistake shows in a test, not in production."""
    async with provider.post(CHAT, json=body) as answer:
        assert (answer.status, (await answer.json())["error"]["param"]) == (status, None)


async def test_request_without_a_key_is_refused(provider: aiohttp.ClientSession) -> None:
    """A client that lost its key is told so."""
    async with provider.post(CHAT, json=chat(), headers={"Authorization": "", "x-api-key": ""}) as answer:
        assert answer.status == 401


async def test_ordered_answers_come_before_the_script(provider: aiohttp.ClientSession) -> None:
    """A test says what the model says."""
    async with provider.put("/control/answers", json=[{"match": "refund", "answer": "14 days"}]) as answer:
        assert answer.status == 204
    async with provider.post(CHAT, json=chat("a refund?")) as answer:
        assert (await answer.json())["choices"][0]["message"]["content"] == "14 days"


async def test_requests_can_be_read_back(provider: aiohttp.ClientSession) -> None:
    """What arrived at the provider is what the caller sent."""
    await provider.post(CHAT, json=chat("hello"))
    async with provider.get("/control/requests") as answer:
        assert (await answer.json())[-1]["body"] == chat("hello")
