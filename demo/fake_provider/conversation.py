"""What was asked, in one form for all APIs."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CHARACTERS = 4
"""Of a token, which is near enough and always the same."""


@dataclass(frozen=True)
class Tool:
    """A tool that the caller offers."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Conversation:
    """The part of a request that decides the answer."""

    model: str
    question: str  # what the person said last
    tools: tuple[Tool, ...]
    called: frozenset[str]  # names of tools called since then
    last_result: str  # of the last of these calls
    tokens: int  # of everything that was sent
    max_tokens: int = 0  # of the answer; 0 means no limit


def count_tokens(text: str) -> int:
    """Tokens of a text."""
    return math.ceil(len(text) / CHARACTERS)


def from_openai(body: Mapping[str, Any]) -> Conversation:
    """Reads a request for a chat completion."""
    messages = body["messages"]
    asked = _last_index(messages, lambda message: message["role"] == "user")
    later = messages[asked + 1 :]
    results = [_text(message.get("content")) for message in later if message["role"] == "tool"]
    calls = [call["function"]["name"] for message in later for call in message.get("tool_calls") or []]
    tools = [tool["function"] for tool in body.get("tools") or []]
    return Conversation(
        model=body["model"],
        question=_text(messages[asked]["content"]) if asked >= 0 else "",
        tools=_tools(tools, "parameters"),
        called=frozenset(calls),
        last_result=results[-1] if results else "",
        tokens=_sent(messages, tools),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens") or 0,
    )


def from_responses(body: Mapping[str, Any]) -> Conversation:
    """Reads a request for a response."""
    said = body["input"]
    items = [{"role": "user", "content": said}] if isinstance(said, str) else said
    asked = _last_index(items, lambda item: item.get("role") == "user")
    later = items[asked + 1 :]
    results = [_text(item["output"]) for item in later if item.get("type") == "function_call_output"]
    tools = body.get("tools") or []
    return Conversation(
        model=body["model"],
        question=_text(items[asked]["content"]) if asked >= 0 else "",
        tools=_tools(tools, "parameters"),
        called=frozenset(item["name"] for item in later if item.get("type") == "function_call"),
        last_result=results[-1] if results else "",
        tokens=_sent([body.get("instructions") or "", *items], tools),
        max_tokens=body.get("max_output_tokens") or 0,
    )


def from_anthropic(body: Mapping[str, Any]) -> Conversation:
    """Reads a request for a message."""
    messages = body["messages"]
    asked = _last_index(messages, lambda message: message["role"] == "user" and not _blocks(message, "tool_result"))
    later = messages[asked + 1 :]
    results = [_text(block.get("content")) for message in later for block in _blocks(message, "tool_result")]
    calls = [block["name"] for message in later for block in _blocks(message, "tool_use")]
    tools = body.get("tools") or []
    return Conversation(
        model=body["model"],
        question=_text(messages[asked]["content"]) if asked >= 0 else "",
        tools=_tools(tools, "input_schema"),
        called=frozenset(calls),
        last_result=results[-1] if results else "",
        tokens=_sent([body.get("system", ""), *messages], tools),
        max_tokens=body.get("max_tokens") or 0,
    )


def _tools(tools: Iterable[Mapping[str, Any]], schema: str) -> tuple[Tool, ...]:
    return tuple(Tool(tool["name"], tool.get(schema) or {}) for tool in tools)


def _sent(messages: Iterable[Any], tools: Iterable[Any]) -> int:
    return count_tokens(json.dumps([*messages, *tools], separators=(",", ":"), ensure_ascii=False))


def _last_index(messages: list[Mapping[str, Any]], wanted: Any) -> int:
    return max((index for index, message in enumerate(messages) if wanted(message)), default=-1)


def _blocks(message: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    content = message["content"]
    return [block for block in content if block.get("type") == kind] if isinstance(content, list) else []


def _text(content: Any) -> str:
    """Text of a content, which is text or a list of blocks."""
    if isinstance(content, list):
        return "\n".join(str(block.get("text", "")) for block in content if isinstance(block, Mapping))
    return str(content or "")
