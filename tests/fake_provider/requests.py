"""Requests as clients send them, and how to read streams."""

import json
from typing import Any

import aiohttp

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
RESPONSES = "/v1/responses"
PARAMETERS = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
QUESTION = "Where is it?\norder: A-17\nThanks"


def chat(question: str = QUESTION, **fields: Any) -> dict[str, Any]:
    """A chat completion."""
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": question}], **fields}


def message(question: str = QUESTION, **fields: Any) -> dict[str, Any]:
    """A message."""
    return {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": question}], **fields}


def response(question: str = QUESTION, **fields: Any) -> dict[str, Any]:
    """A response."""
    return {"model": "gpt-4o", "input": question, **fields}


def tool(name: str = "find") -> dict[str, Any]:
    """A tool as OpenAI's clients offer it."""
    return {"type": "function", "function": {"name": name, "parameters": PARAMETERS}}


async def events(response: aiohttp.ClientResponse) -> list[dict[str, Any]]:
    """All events of a stream that carry JSON."""
    lines = (await response.text()).splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(entry) for entry in data if entry != "[DONE]"]


async def bill(provider: aiohttp.ClientSession, model: str = "gpt-4o") -> dict[str, Any]:
    """What one model has cost so far."""
    async with provider.get("/bill") as answer:
        found: dict[str, Any] = (await answer.json())["models"].get(model, {})
    return found


async def lines(provider: aiohttp.ClientSession) -> list[dict[str, Any]]:
    """The bill, a line for each provider, model and key."""
    async with provider.get("/bill") as answer:
        found: list[dict[str, Any]] = (await answer.json())["lines"]
    return found


async def order(provider: aiohttp.ClientSession, /, **fault: Any) -> None:
    """Orders a fault."""
    async with provider.post("/control/faults", json=fault) as answer:
        assert answer.status == 204, await answer.text()
