"""Anthropic's API, as its clients use it."""

import aiohttp

from tests.fake_provider.requests import MESSAGES, PARAMETERS, bill, events, message

TOOL = {"name": "find", "input_schema": PARAMETERS}


async def test_tool_is_called_then_its_result_is_the_answer(provider: aiohttp.ClientSession) -> None:
    """A tool result in a user's turn is not taken for a new question."""
    body = message(tools=[TOOL])
    async with provider.post(MESSAGES, json=body) as answer:
        first = await answer.json()
    call = first["content"][0]
    assert (first["stop_reason"], call["input"]) == ("tool_use", {"order": "A-17"})
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "on its way"}
    body["messages"] += [{"role": "assistant", "content": first["content"]}, {"role": "user", "content": [result]}]
    async with provider.post(MESSAGES, json=body) as answer:
        second = await answer.json()
    assert (second["stop_reason"], second["content"][0]["text"]) == ("end_turn", "on its way")


async def test_stream_says_the_same_as_the_whole_answer(provider: aiohttp.ClientSession) -> None:
    """Text and usage of the stream are those of the answer."""
    async with provider.post(MESSAGES, json=message()) as answer:
        whole = await answer.json()
    async with provider.post(MESSAGES, json=message(stream=True)) as answer:
        found = await events(answer)
    text = "".join(event["delta"]["text"] for event in found if event["type"] == "content_block_delta")
    assert text == whole["content"][0]["text"]
    assert found[-2]["usage"] == whole["usage"]
    assert found[-1]["type"] == "message_stop"


async def test_stream_of_a_tool_call_gives_its_arguments(provider: aiohttp.ClientSession) -> None:
    """The arguments come as pieces of JSON."""
    async with provider.post(MESSAGES, json=message(stream=True, tools=[TOOL])) as answer:
        found = await events(answer)
    pieces = [event["delta"]["partial_json"] for event in found if event["type"] == "content_block_delta"]
    assert "".join(pieces) == '{"order": "A-17"}'


async def test_errors_have_the_form_of_this_api(provider: aiohttp.ClientSession) -> None:
    """Clients find type and message where they look for them."""
    async with provider.post(MESSAGES, json=message(model="claude-9")) as answer:
        assert (answer.status, (await answer.json())["error"]["type"]) == (404, "not_found_error")


async def test_answers_are_charged(provider: aiohttp.ClientSession) -> None:
    """The bill holds the usage that the answer stated."""
    async with provider.post(MESSAGES, json=message()) as answer:
        usage = (await answer.json())["usage"]
    charged = await bill(provider, "claude-haiku-4-5")
    assert (charged["inputTokens"], charged["outputTokens"]) == (usage["input_tokens"], usage["output_tokens"])
