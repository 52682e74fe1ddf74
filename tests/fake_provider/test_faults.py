"""Faults that a caller must survive, each as it arrives at a real socket."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.fake_provider.requests import CHAT, bill, chat, order

NEVER, SOON = 3600.0, 0.3  # seconds; longer than any client waits, and time enough for what must not come
CASES = [
    pytest.param({"status": 500}, (500, None), id="server error"),
    pytest.param({"status": 429}, (429, None), id="too many requests"),
    pytest.param({"status": 429, "retry_after": "7"}, (429, "7"), id="too many requests, and when to come again"),
    pytest.param({"status": 401}, (401, None), id="key refused"),
    pytest.param({"status": 400}, (400, None), id="request refused"),
]


@pytest.mark.parametrize(("fault", "wanted"), CASES)
async def test_error_is_answered_once_and_charged_nothing(
    provider: aiohttp.ClientSession, fault: dict[str, Any], wanted: tuple[int, str | None]
) -> None:
    """The next request meets the fault, the one after it does not."""
    await order(provider, **fault)
    async with provider.post(CHAT, json=chat()) as answer:
        assert (answer.status, answer.headers.get("Retry-After")) == wanted
        assert (await answer.json())["error"]["message"]
    async with provider.post(CHAT, json=chat()) as answer:
        assert answer.status == 200
    charged = await bill(provider)
    assert (charged["calls"], charged["failed"]) == (1, 1)


async def test_reset_ends_the_connection_without_an_answer(provider: aiohttp.ClientSession) -> None:
    """A caller sees a broken connection, not an empty answer."""
    await order(provider, reset=True)
    with pytest.raises(aiohttp.ClientConnectionError):
        await provider.post(CHAT, json=chat())
    assert (await bill(provider))["failed"] == 1


async def test_stream_that_is_cut_looks_broken_and_is_charged_for_what_was_sent(provider: aiohttp.ClientSession) -> None:
    """Half a stream is an error to the caller, and half an answer on the bill."""
    async with provider.post(CHAT, json=chat()) as answer:
        whole = (await answer.json())["usage"]["completion_tokens"]
    await provider.delete("/bill")
    await order(provider, cut_after=3)
    async with provider.post(CHAT, json=chat(stream=True)) as answer:
        with pytest.raises(aiohttp.ClientError):
            await answer.read()
    charged = await bill(provider)
    assert charged["calls"] == 1
    assert 0 < charged["outputTokens"] < whole


async def test_slow_first_token_comes_after_the_headers(provider: aiohttp.ClientSession) -> None:
    """Headers come at once, the first event when the fault says."""
    await order(provider, first_token=NEVER)
    async with provider.post(CHAT, json=chat(stream=True)) as answer:
        assert answer.status == 200
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer.content.readline(), SOON)
    await order(provider, first_token=SOON)
    async with provider.post(CHAT, json=chat(stream=True)) as answer:
        assert await answer.content.readline()


async def test_latency_hits_one_model_only(provider: aiohttp.ClientSession) -> None:
    """A fault for one model lets the others through, and stays until it is cleared."""
    await order(provider, latency=NEVER, model="gpt-4o", times=0)
    async with provider.post(CHAT, json=chat(model="gpt-4o-mini")) as answer:
        assert answer.status == 200
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await provider.post(CHAT, json=chat(), timeout=aiohttp.ClientTimeout(SOON))
    await provider.delete("/control/faults")
    async with provider.post(CHAT, json=chat()) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("body", [{"sttus": 500}, {"status": "500"}, {"garbage": "some"}, []])
async def test_fault_that_makes_no_sense_is_refused(provider: aiohttp.ClientSession, body: Any) -> None:
    """A misspelt fault would never happen, and its test would pass."""
    async with provider.post("/control/faults", json=body) as answer:
        assert answer.status == 400
