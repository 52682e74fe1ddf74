"""Google's generateContent, as Gemini's own API and Vertex speak it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from conformance.protocols.played import Handler, answer, host
from demo.fake_provider.api import Api, handler_of
from demo.fake_provider.conversation import Conversation, Tool, count_tokens
from demo.fake_provider.openai_api import identity
from demo.fake_provider.state import BLOCKED, RefusedError, State
from demo.fake_provider.stream import Piece
from demo.fake_provider.turn import Turn

STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tool": "STOP", "refusal": "SAFETY"}


def application(name: str, state: State) -> web.Application:
    """Gemini's own API."""
    return host(name, state, refuse, routes("/v1beta/models"), _admit)


def routes(prefix: str) -> dict[str, Handler]:
    """Whole and streamed, under a prefix."""
    handle = handler_of(GENERATE)
    return {f"{prefix}/{{model:[^/:]+}}:{verb}": handle for verb in ("generateContent", "streamGenerateContent")}


async def _admit(request: web.Request) -> None:
    request["key"] = request.headers.get("x-goog-api-key", "")
    read_path(request)


def read_path(request: web.Request) -> None:
    """The model and whether a stream is wanted stand in the path."""
    request["model"] = request.match_info.get("model", "")
    request["stream"] = request.path.endswith(":streamGenerateContent")
    if request["stream"] and request.query.get("alt") != "sse":
        raise RefusedError(400, STATUSES[400], "this plays server-sent events only")


def refuse(refusal: RefusedError) -> web.Response:
    """An error in Google's form; that a question was blocked is no error but an answer without a candidate."""
    if refusal.kind == BLOCKED:
        return web.json_response(
            {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}}
        )
    status = STATUSES.get(refusal.status, "INTERNAL")
    return answer({"error": {"code": refusal.status, "message": refusal.message, "status": status}}, refusal)


def read(body: Mapping[str, Any]) -> Conversation:
    """Reads a request."""
    contents = body["contents"]
    asked = max((at for at, entry in enumerate(contents) if entry.get("role") == "user" and _texts(entry)), default=-1)
    later = [part for entry in contents[asked + 1 :] for part in entry["parts"]]
    results = [json.dumps(part["functionResponse"]["response"]) for part in later if "functionResponse" in part]
    offered = [tool for group in body.get("tools") or [] for tool in group.get("functionDeclarations") or []]
    sent = json.dumps([body.get("systemInstruction"), *contents, *offered], separators=(",", ":"), ensure_ascii=False)
    return Conversation(
        model=body["model"],
        question="\n".join(_texts(contents[asked])) if asked >= 0 else "",
        tools=tuple(Tool(tool["name"], _schema(tool)) for tool in offered),
        called=frozenset(part["functionCall"]["name"] for part in later if "functionCall" in part),
        last_result=results[-1] if results else "",
        tokens=count_tokens(sent),
        max_tokens=(body.get("generationConfig") or {}).get("maxOutputTokens") or 0,
    )


def _texts(entry: Mapping[str, Any]) -> list[str]:
    return [part["text"] for part in entry["parts"] if "text" in part]


def _schema(tool: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a tool; Google writes types in capitals."""
    schema = tool.get("parameters") or tool.get("parametersJsonSchema") or {}
    properties = {
        name: {**entry, "type": str(entry.get("type", "string")).lower()}
        for name, entry in (schema.get("properties") or {}).items()
    }
    return {**schema, "properties": properties}


def _whole(turn: Turn, _: Mapping[str, Any]) -> dict[str, Any]:
    return _chunk(turn, turn.whole, last=True)


def _events(turn: Turn, _: Mapping[str, Any]) -> Iterator[Piece]:
    """A call of a tool comes in one piece."""
    texts = [turn.whole] if turn.answer.tool else list(turn.pieces())
    for at, text in enumerate(texts):
        yield Piece(_chunk(turn, text, last=at == len(texts) - 1), text=text)


def _chunk(turn: Turn, text: str, *, last: bool) -> dict[str, Any]:
    call = {"functionCall": {"name": turn.answer.tool, "args": dict(turn.answer.arguments)}}
    candidate: dict[str, Any] = {
        "index": 0,
        "content": {"role": "model", "parts": [call if turn.answer.tool else {"text": text}]},
    }
    if last:
        candidate["finishReason"] = FINISH[turn.finish]
    return {"candidates": [candidate], **_usage(turn), "modelVersion": turn.asked.model, "responseId": identity(turn.asked)}


def _usage(turn: Turn) -> dict[str, Any]:
    """Thoughts are counted beside the candidates, cached input within the prompt."""
    stated = turn.stated
    if stated is None:
        return {}
    usage = {
        "promptTokenCount": stated.prompt,
        "candidatesTokenCount": stated.output,
        "totalTokenCount": stated.prompt + stated.output + stated.reasoning,
        "cachedContentTokenCount": stated.cached,
        "thoughtsTokenCount": stated.reasoning,
    }
    return {"usageMetadata": {name: count for name, count in usage.items() if count}}


GENERATE = Api(needed="contents", read=read, whole=_whole, events=_events)
