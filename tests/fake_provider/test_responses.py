"""OpenAI's newer API, as its clients use it."""

import aiohttp

from tests.fake_provider.requests import PARAMETERS, RESPONSES, bill, events, response

TOOL = {"type": "function", "name": "find", "parameters": PARAMETERS}


async def test_tool_is_called_then_its_result_is_the_answer(provider: aiohttp.ClientSession) -> None:
    """The call and its result go back as items of the input."""
    body = response(tools=[TOOL], input=[{"role": "user", "content": "order: A-17"}])
    async with provider.post(RESPONSES, json=body) as answer:
        call = (await answer.json())["output"][0]
    assert (call["type"], call["arguments"]) == ("function_call", '{"order": "A-17"}')
    body["input"] += [call, {"type": "function_call_output", "call_id": call["call_id"], "output": "on its way"}]
    async with provider.post(RESPONSES, json=body) as answer:
        second = await answer.json()
    assert second["output"][0]["content"][0]["text"] == "on its way"


async def test_stream_says_the_same_as_the_whole_answer(provider: aiohttp.ClientSession) -> None:
    """The pieces joined are the answer, and the last event holds all of it."""
    async with provider.post(RESPONSES, json=response()) as answer:
        whole = await answer.json()
    async with provider.post(RESPONSES, json=response(stream=True)) as answer:
        found = await events(answer)
    text = "".join(event["delta"] for event in found if event["type"] == "response.output_text.delta")
    assert text == whole["output"][0]["content"][0]["text"]
    assert (found[-1]["type"], found[-1]["response"]) == ("response.completed", whole)
    assert [event["sequence_number"] for event in found] == list(range(len(found)))


async def test_stream_of_a_tool_call_gives_its_arguments_in_pieces(provider: aiohttp.ClientSession) -> None:
    """The name comes with the item, then the arguments."""
    async with provider.post(RESPONSES, json=response(stream=True, tools=[TOOL])) as answer:
        found = await events(answer)
    assert next(event["item"]["name"] for event in found if event["type"] == "response.output_item.added") == "find"
    pieces = [event["delta"] for event in found if event["type"] == "response.function_call_arguments.delta"]
    assert "".join(pieces) == '{"order": "A-17"}'


async def test_answers_are_charged(provider: aiohttp.ClientSession) -> None:
    """The bill holds the usage that the answer stated."""
    async with provider.post(RESPONSES, json=response()) as answer:
        usage = (await answer.json())["usage"]
    charged = await bill(provider)
    assert (charged["inputTokens"], charged["outputTokens"]) == (usage["input_tokens"], usage["output_tokens"])
