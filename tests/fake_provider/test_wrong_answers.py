"""Answers that arrive and are wrong, each as a client of a real socket sees it."""

import asyncio
import json
import math
from typing import Any

import aiohttp
import pytest

from tests.fake_provider.requests import CHAT, MESSAGES, RESPONSES, bill, chat, events, lines, message, order, response

APIS = [
    pytest.param(CHAT, chat(), id="chat"),
    pytest.param(MESSAGES, message(), id="messages"),
    pytest.param(RESPONSES, response(), id="responses"),
]


def _finish(whole: dict[str, Any]) -> tuple[str, str]:
    """How an answer ends and what it says, in any API."""
    if "choices" in whole:
        return whole["choices"][0]["finish_reason"], whole["choices"][0]["message"]["refusal"]
    if "stop_reason" in whole:
        return whole["stop_reason"], whole["content"][0]["text"]
    return whole["output"][0]["content"][0]["type"], whole["output"][0]["content"][0]["refusal"]


@pytest.mark.parametrize(("path", "body"), APIS)
async def test_refusal_is_an_answer_that_says_so(provider: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:
    """A safety refusal is charged like any answer, and ends in the word of its API."""
    await order(provider, refusal="answer")
    async with provider.post(path, json=body) as answer:
        ending, said = _finish(await answer.json())
    assert ending in {"content_filter", "refusal"}
    assert said.startswith("I cannot")
    assert (await bill(provider, body["model"]))["calls"] == 1


async def test_blocked_content_is_an_error_with_its_own_code(provider: aiohttp.ClientSession) -> None:
    """OpenAI and Azure say `content_filter`; Anthropic has no code of its own for it."""
    await order(provider, refusal="error", times=2)
    async with provider.post(CHAT, json=chat()) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "content_filter")
    async with provider.post(MESSAGES, json=message()) as answer:
        assert (answer.status, (await answer.json())["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize(("path", "body"), APIS)
async def test_usage_may_be_missing_or_wrong_and_the_bill_is_right(
    provider: aiohttp.ClientSession, path: str, body: dict[str, Any]
) -> None:
    """What an answer states is not what is charged."""
    async with provider.post(path, json=body) as answer:
        right = (await answer.json())["usage"]
    await order(provider, usage_factor=0.1)
    async with provider.post(path, json=body) as answer:
        low = (await answer.json())["usage"]
    await order(provider, no_usage=True)
    async with provider.post(path, json=body) as answer:
        assert not (await answer.json()).get("usage")
    name = next(name for name in ("prompt_tokens", "input_tokens") if name in right)
    assert low[name] == round(right[name] * 0.1)
    charged = await bill(provider, body["model"])
    assert (charged["calls"], charged["inputTokens"]) == (3, 3 * right[name])


async def test_cached_input_is_its_own_class_on_the_bill(provider: aiohttp.ClientSession) -> None:
    """OpenAI counts it in the input, Anthropic beside it, the bill beside it and cheaper."""
    await order(provider, cached=0.5, times=2)
    async with provider.post(CHAT, json=chat()) as answer:
        openai = (await answer.json())["usage"]
    async with provider.post(MESSAGES, json=message()) as answer:
        anthropic = (await answer.json())["usage"]
    charged = await bill(provider)
    assert charged["cachedTokens"] == openai["prompt_tokens_details"]["cached_tokens"] > 0
    assert charged["inputTokens"] + charged["cachedTokens"] == openai["prompt_tokens"]
    pico = charged["inputTokens"] * 2_500_000 + charged["cachedTokens"] * 1_250_000 + charged["outputTokens"] * 10_000_000
    assert charged["microUsd"] == pico / 1_000_000
    other = await bill(provider, "claude-haiku-4-5")
    assert (other["inputTokens"], other["cachedTokens"]) == (anthropic["input_tokens"], anthropic["cache_read_input_tokens"])


@pytest.mark.parametrize("garbage", ["json", "truncated", "type", "events"])
@pytest.mark.parametrize(("path", "body"), APIS)
async def test_garbage_is_no_json_and_costs_nothing(
    provider: aiohttp.ClientSession, path: str, body: dict[str, Any], garbage: str
) -> None:
    """A status 200 proves nothing."""
    await order(provider, garbage=garbage)
    async with provider.post(path, json=body) as answer:
        assert answer.status == 200
        assert ("html" in answer.headers["Content-Type"]) is (garbage == "type")
        with pytest.raises(ValueError):  # noqa: PT011 (any, of JSON or of UTF-8)
            json.loads(await answer.read())
    charged = await bill(provider, body["model"])
    assert (charged["calls"], charged["failed"], charged["usd"]) == (0, 1, 0)


async def test_garbage_in_a_stream_comes_where_it_was_ordered(provider: aiohttp.ClientSession) -> None:
    """The pieces before it are good and charged."""
    await order(provider, garbage="json", cut_after=3)
    async with provider.post(CHAT, json=chat(stream=True)) as answer:
        pieces = (await answer.text()).strip().split("\n\n")
    assert len(pieces) == 4
    with pytest.raises(json.JSONDecodeError):
        json.loads(pieces[-1].removeprefix("data: "))
    assert (await bill(provider))["outputTokens"] > 0


async def test_stream_that_ends_early_in_good_order_lacks_its_last_event(provider: aiohttp.ClientSession) -> None:
    """Nothing but the missing end tells that it was cut."""
    await order(provider, cut_after=3, cut="end")
    async with provider.post(CHAT, json=chat(stream=True)) as answer:
        assert "[DONE]" not in await answer.text()


async def test_stream_that_is_closed_is_incomplete(provider: aiohttp.ClientSession) -> None:
    """The body has no end, though the connection was closed in good order."""
    await order(provider, cut_after=3, cut="close")
    async with provider.post(CHAT, json=chat(stream=True)) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def test_stream_that_stalls_says_no_more(provider: aiohttp.ClientSession) -> None:
    """Three pieces, then silence, with the connection open."""
    await order(provider, cut_after=3, cut="stall")
    async with provider.post(CHAT, json=chat(stream=True)) as answer:
        for _ in range(3):
            assert (await answer.content.readuntil(b"\n\n")).startswith(b"data: ")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer.read(), 0.3)


async def test_huge_answer_has_the_length_that_was_ordered(provider: aiohttp.ClientSession) -> None:
    """It is charged for all of it."""
    await order(provider, length=1_000_000)
    async with provider.post(CHAT, json=chat()) as answer:
        assert len((await answer.json())["choices"][0]["message"]["content"]) == 1_000_000
    assert (await bill(provider))["outputTokens"] == 250_000


async def test_confidence_is_stated_where_it_is_asked_for(provider: aiohttp.ClientSession) -> None:
    """The probability of every token is the one that was ordered."""
    await order(provider, confidence=0.25, times=2)
    async with provider.post(CHAT, json=chat(logprobs=True)) as answer:
        found = (await answer.json())["choices"][0]["logprobs"]["content"]
    assert {round(math.exp(token["logprob"]), 6) for token in found} == {0.25}
    async with provider.post(CHAT, json=chat()) as answer:
        assert (await answer.json())["choices"][0]["logprobs"] is None


async def test_pieces_of_a_stream_have_the_size_that_was_ordered(provider: aiohttp.ClientSession) -> None:
    """A secret can be split anywhere."""
    await order(provider, piece=3)
    async with provider.post(CHAT, json=chat("abcdefg", stream=True)) as answer:
        found = await events(answer)
    texts = [chunk["choices"][0]["delta"].get("content") for chunk in found]
    assert [text for text in texts if text][:3] == ["You", " sa", "id:"]


@pytest.mark.parametrize(
    ("path", "body", "ending"),
    [
        (CHAT, chat(max_completion_tokens=2), "length"),
        (MESSAGES, {**message(), "max_tokens": 2}, "max_tokens"),
        (RESPONSES, response(max_output_tokens=2), "incomplete"),
    ],
)
async def test_answer_is_no_longer_than_the_caller_allows(
    provider: aiohttp.ClientSession, path: str, body: dict[str, Any], ending: str
) -> None:
    """A limit of tokens that reaches the provider is kept."""
    async with provider.post(path, json=body) as answer:
        whole = await answer.json()
    assert ending in (whole.get("status"), whole.get("stop_reason"), whole.get("choices", [{}])[0].get("finish_reason"))
    assert (await lines(provider))[0]["outputTokens"] == 2
