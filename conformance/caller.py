"""Clients as agents use them: the SDKs of OpenAI and Anthropic, unchanged but for base URL, key and headers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import anthropic
import openai

QUESTION = "Where is my order?"


@dataclass
class Said:
    """What a client got, whichever API it used."""

    text: str = ""
    tools: list[str] = field(default_factory=list)
    finish: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """How a client asks."""

    api: str
    stream: bool

    def __str__(self) -> str:
        return f"{self.api} streamed" if self.stream else self.api


CHAT, CHAT_STREAM = Way("chat", stream=False), Way("chat", stream=True)
RESPONSES, RESPONSES_STREAM = Way("responses", stream=False), Way("responses", stream=True)
MESSAGES, MESSAGES_STREAM = Way("messages", stream=False), Way("messages", stream=True)
WAYS = (CHAT, CHAT_STREAM, RESPONSES, RESPONSES_STREAM, MESSAGES, MESSAGES_STREAM)
STREAMS = tuple(way for way in WAYS if way.stream)
WHOLE = tuple(way for way in WAYS if not way.stream)
LIMITS = {"chat": "max_completion_tokens", "responses": "max_output_tokens", "messages": "max_tokens"}
"""The field of each API that limits the answer."""
TOOL = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}


def kind_of(way: Way) -> str:
    """The provider that speaks this API itself."""
    return "anthropic" if way.api == "messages" else "openai"


class Connections:
    """Connections that all clients of a case share: a client with its own pays for a TLS context that nobody uses."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.openai = openai.DefaultAsyncHttpxClient(verify=False, timeout=timeout)
        self.anthropic = anthropic.DefaultAsyncHttpxClient(verify=False, timeout=timeout)

    async def close(self) -> None:
        """Closes them all."""
        await self.openai.aclose()
        await self.anthropic.aclose()


class Caller:
    """One agent's client."""

    def __init__(self, url: str, token: str, headers: Mapping[str, str], connections: Connections) -> None:
        self.url, self.token, self.headers, self._connections = url, token, dict(headers), connections

    def openai(self) -> openai.AsyncOpenAI:
        """OpenAI's own client; it tries nothing again, so that every error is seen."""
        return openai.AsyncOpenAI(
            base_url=f"{self.url}/v1",
            api_key=self.token or "none",
            default_headers=self.headers,
            max_retries=0,
            timeout=self._connections.timeout,
            http_client=self._connections.openai,
        )

    def anthropic(self) -> anthropic.AsyncAnthropic:
        """Anthropic's own client."""
        return anthropic.AsyncAnthropic(
            base_url=self.url,
            auth_token=self.token or "none",
            api_key=None,
            default_headers=self.headers,
            max_retries=0,
            timeout=self._connections.timeout,
            http_client=self._connections.anthropic,
        )

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A client that says what no SDK would."""
        headers = {"Authorization": f"Bearer {self.token}", **self.headers}
        async with aiohttp.ClientSession(
            self.url, headers=headers, timeout=aiohttp.ClientTimeout(total=self._connections.timeout)
        ) as session:
            yield session

    async def ask(self, way: Way = CHAT, question: str = QUESTION, *, said: Said | None = None, **fields: Any) -> Said:
        """Asks once. `said` is filled while the answer comes, so that half of one is not lost with its error."""
        said = said or Said()
        fields = {"model": "chat", **fields}
        if way.stream:
            fields["stream"] = True
        asking = {"chat": self._chat, "responses": self._responses, "messages": self._messages}[way.api]
        await asking(way, question, said, fields)
        return said

    async def _chat(self, way: Way, question: str, said: Said, fields: dict[str, Any]) -> None:
        fields = {"messages": [{"role": "user", "content": question}], **fields}
        raw = await self.openai().chat.completions.with_raw_response.create(**fields)
        said.headers = raw.headers
        answer: Any = raw.parse()
        if not way.stream:
            message = answer.choices[0].message
            said.text = message.content or message.refusal or ""
            said.tools = [call.function.name for call in message.tool_calls or []]
            said.finish = answer.choices[0].finish_reason
            return
        async for chunk in answer:
            for choice in chunk.choices:
                said.text += choice.delta.content or choice.delta.refusal or ""
                said.tools += [call.function.name for call in choice.delta.tool_calls or [] if call.function.name]
                said.finish = choice.finish_reason or said.finish

    async def _responses(self, way: Way, question: str, said: Said, fields: dict[str, Any]) -> None:
        raw = await self.openai().responses.with_raw_response.create(**{"input": question, **fields})
        said.headers = raw.headers
        answer: Any = raw.parse()
        if not way.stream:
            _read_response(answer, said)
            return
        async for event in answer:
            if event.type in {"response.output_text.delta", "response.refusal.delta"}:
                said.text += event.delta
            if event.type in {"response.completed", "response.incomplete"}:
                _read_response(event.response, said)

    async def _messages(self, way: Way, question: str, said: Said, fields: dict[str, Any]) -> None:
        fields = {"max_tokens": 20, "messages": [{"role": "user", "content": question}], **fields}
        raw = await self.anthropic().messages.with_raw_response.create(**fields)
        said.headers = raw.headers
        answer: Any = await raw.parse()
        if not way.stream:
            said.text = "".join(block.text for block in answer.content if block.type == "text")
            said.tools = [block.name for block in answer.content if block.type == "tool_use"]
            said.finish = answer.stop_reason
            return
        async for event in answer:
            if event.type == "content_block_start" and event.content_block.type == "tool_use":
                said.tools.append(event.content_block.name)
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                said.text += event.delta.text
            if event.type == "message_delta":
                said.finish = event.delta.stop_reason


def _read_response(answer: Any, said: Said) -> None:
    said.finish = answer.status
    said.tools = [item.name for item in answer.output if item.type == "function_call"]
    said.text = "".join(
        getattr(part, "text", None) or getattr(part, "refusal", "")
        for item in answer.output
        if item.type == "message"
        for part in item.content
    )


def tool_of(way: Way, name: str = "find") -> dict[str, Any]:
    """A tool in the form of an API."""
    if way.api == "chat":
        return {"type": "function", "function": {"name": name, "parameters": TOOL}}
    if way.api == "responses":
        return {"type": "function", "name": name, "parameters": TOOL, "strict": False}
    return {"name": name, "input_schema": TOOL}


@dataclass(frozen=True)
class Refused:
    """An error as an SDK raised it."""

    status: int
    """0 inside a stream."""
    code: str
    kind: str
    param: str
    message: str
    headers: Mapping[str, str]
    hold: Mapping[str, Any]
    """What a held run waits for; empty where none is held."""


async def refused(asking: Awaitable[Any]) -> Refused:
    """The error that a call must end with."""
    try:
        answer = await asking
    except (openai.APIError, anthropic.APIError) as error:
        return _read_error(error)
    raise AssertionError(f"it was not refused: {answer}")


def _read_error(error: openai.APIError | anthropic.APIError) -> Refused:
    if isinstance(error, openai.APIConnectionError | anthropic.APIConnectionError):
        raise AssertionError(f"the connection broke instead of a typed error: {error!r}") from error
    body: Any = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error", body)
    inner = inner if isinstance(inner, dict) else {}
    response = getattr(error, "response", None)
    return Refused(
        status=getattr(error, "status_code", 0),
        code=str(inner.get("code") or ""),
        kind=str(inner.get("type") or ""),
        param=str(inner.get("param") or ""),
        message=str(inner.get("message") or error),
        headers=response.headers if response is not None else {},
        hold=inner.get("hold") or {},
    )


async def until_refused(ask: Callable[[], Awaitable[Said]], most: int = 25) -> tuple[int, Refused]:
    """Asks again and again; returns the number of answers, and the refusal after them."""
    for answers in range(most):
        try:
            await ask()
        except (openai.APIError, anthropic.APIError) as error:
            return answers, _read_error(error)
    raise AssertionError(f"{most} calls were answered and none refused")
