"""OpenAI's API, as its clients use it."""

import base64
import struct

import aiohttp

from tests.fake_provider.requests import CHAT, chat, events, tool


async def test_same_question_gets_same_answer(provider: aiohttp.ClientSession) -> None:
    """Two equal requests are answered equally, ids and usage included."""
    answers = []
    for _ in range(2):
        async with provider.post(CHAT, json=chat()) as answer:
            answers.append(await answer.json())
    assert answers[0] == answers[1]
    assert answers[0]["choices"][0]["message"]["content"].startswith("You said: Where is it?")


async def test_offered_tools_are_called_in_order_then_last_result_is_the_answer(provider: aiohttp.ClientSession) -> None:
    """Each tool is called once, with arguments that the question names."""
    body = chat(tools=[tool("find"), tool("pay")])
    names = []
    while True:
        async with provider.post(CHAT, json=body) as answer:
            choice = (await answer.json())["choices"][0]
        body["messages"].append(choice["message"])
        if choice["finish_reason"] == "stop":
            break
        call = choice["message"]["tool_calls"][0]
        assert call["function"]["arguments"] == '{"order": "A-17"}'
        names.append(call["function"]["name"])
        body["messages"].append({"role": "tool", "tool_call_id": call["id"], "content": f"result of {names[-1]}"})
    assert names == ["find", "pay"]
    assert choice["message"]["content"] == "result of pay"


async def test_stream_says_the_same_as_the_whole_answer(provider: aiohttp.ClientSession) -> None:
    """The pieces joined are the answer, and the usage is that of the answer."""
    async with provider.post(CHAT, json=chat()) as answer:
        whole = await answer.json()
    async with provider.post(CHAT, json=chat(stream=True, stream_options={"include_usage": True})) as answer:
        chunks = await events(answer)
    text = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    assert text == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"] == whole["usage"]


async def test_stream_of_a_tool_call_gives_its_arguments_in_pieces(provider: aiohttp.ClientSession) -> None:
    """Name and id come first, then the arguments."""
    async with provider.post(CHAT, json=chat(stream=True, tools=[tool()])) as answer:
        chunks = await events(answer)
    calls = [call for chunk in chunks for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", [])]
    assert calls[0]["function"]["name"] == "find"
    assert "".join(call["function"]["arguments"] for call in calls) == '{"order": "A-17"}'


async def test_embeddings_are_the_same_in_both_encodings(provider: aiohttp.ClientSession) -> None:
    """Numbers and base64 hold the same vector, of the size that was asked for."""
    body = {"model": "text-embedding-3-small", "input": ["one", "two"], "dimensions": 8}
    async with provider.post("/v1/embeddings", json=body) as answer:
        plain = await answer.json()
    async with provider.post("/v1/embeddings", json={**body, "encoding_format": "base64"}) as answer:
        packed = await answer.json()
    vector = struct.unpack("<8f", base64.b64decode(packed["data"][1]["embedding"]))
    assert [round(value, 5) for value in vector] == [round(value, 5) for value in plain["data"][1]["embedding"]]
    assert plain["data"][0]["embedding"] != plain["data"][1]["embedding"]


async def test_models_that_are_served_are_listed(provider: aiohttp.ClientSession) -> None:
    """A client finds the models it may name."""
    async with provider.get("/v1/models") as answer:
        assert "gpt-4o" in {entry["id"] for entry in (await answer.json())["data"]}
