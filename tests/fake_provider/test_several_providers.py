"""One process plays several providers, each with its own faults, keys and bill."""

import asyncio
from typing import Any

import aiohttp

from tests.fake_provider.requests import CHAT, bill, chat, lines, order

PATIENCE = 30.0


async def test_providers_have_bills_of_their_own(provider: aiohttp.ClientSession) -> None:
    """A line for each provider and key; the sums by model are over all."""
    for path, key in (("/a" + CHAT, "key-0001"), ("/a" + CHAT, "key-0002"), ("/b" + CHAT, "key-0001")):
        async with provider.post(path, json=chat(), headers={"Authorization": f"Bearer {key}"}) as answer:
            assert answer.status == 200
    found = {(line["provider"], line["key"]): line["calls"] for line in await lines(provider)}
    assert found == {("a", "0001"): 1, ("a", "0002"): 1, ("b", "0001"): 1}
    assert (await bill(provider))["calls"] == 3


async def test_fault_of_one_provider_leaves_the_others_alone(provider: aiohttp.ClientSession) -> None:
    """A dies and returns while B answers; what else was ordered stays."""
    await order(provider, provider="a", status=500, times=0)
    await order(provider, provider="c", status=429, times=0)
    statuses = []
    for name in ("a", "b", "c"):
        async with provider.post(f"/{name}{CHAT}", json=chat()) as answer:
            statuses.append(answer.status)
    assert statuses == [500, 200, 429]
    await provider.delete("/control/faults", params={"provider": "a"})
    statuses = []
    for name in ("a", "c"):
        async with provider.post(f"/{name}{CHAT}", json=chat()) as answer:
            statuses.append(answer.status)
    assert statuses == [200, 429]


async def test_key_of_another_provider_is_refused(provider: aiohttp.ClientSession) -> None:
    """Credentials that were mixed up are noticed."""
    async with provider.put("/control/keys", json={"a": ["key-a"], "b": ["key-b"]}) as answer:
        assert answer.status == 204
    statuses = []
    for path in ("/a" + CHAT, "/b" + CHAT):
        async with provider.post(path, json=chat(), headers={"Authorization": "Bearer key-a"}) as answer:
            statuses.append(answer.status)
    assert statuses == [200, 401]


async def test_caller_that_gives_up_is_not_charged(provider: aiohttp.ClientSession) -> None:
    """Nothing was answered, so nothing was served, and the provider stops working for it."""
    await order(provider, silent=True)
    asking = asyncio.create_task(provider.post(CHAT, json=chat()))
    await _received(provider)
    asking.cancel()
    assert (await _booked(provider, "failed"))["usd"] == 0


async def test_slow_stream_is_charged_for_what_went_out_before_the_caller_left(provider: aiohttp.ClientSession) -> None:
    """A disconnect ends the answer and its cost."""
    await order(provider, pause=0.2, length=4000)
    async with provider.post(CHAT, json=chat(stream=True)) as answer:
        await answer.content.readline()
        answer.close()
    assert (await _booked(provider, "calls"))["outputTokens"] < 100


async def _received(provider: aiohttp.ClientSession) -> None:
    """Waits until a request has arrived; a caller that gave up before would have asked nothing."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with provider.get("/control/requests") as answer:
                if await answer.json():
                    return
            await asyncio.sleep(0.01)


async def _booked(provider: aiohttp.ClientSession, count: str) -> dict[str, Any]:
    """The bill once it has such a call: the caller knows before the provider does."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await bill(provider)
            if found.get(count):
                return found
            await asyncio.sleep(0.01)
