"""OpenAI's newer API: responses."""

from collections.abc import Iterator, Mapping
from typing import Any

from demo.fake_provider.api import Api
from demo.fake_provider.conversation import from_responses
from demo.fake_provider.openai_api import CREATED, call_id, identity
from demo.fake_provider.stream import Piece
from demo.fake_provider.turn import Turn


def _response(turn: Turn, _: Mapping[str, Any]) -> dict[str, Any]:
    cut = turn.finish == "length"
    return {
        **_head(turn),
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": [_item(turn, turn.whole)],
        **_usage(turn),
    }


def _head(turn: Turn) -> dict[str, Any]:
    return {
        "id": f"resp_{identity(turn.asked)}",
        "object": "response",
        "created_at": CREATED,
        "model": turn.asked.model,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def _item(turn: Turn, whole: str | None) -> dict[str, Any]:
    """The one item of the output; without `whole` it has only begun."""
    status = "in_progress" if whole is None else "completed"
    if turn.answer.tool:
        called = {"type": "function_call", "call_id": call_id(turn), "name": turn.answer.tool, "arguments": whole or ""}
        return {"id": f"fc_{identity(turn.asked)}", "status": status, **called}
    content = [] if whole is None else [_part(turn, whole)]
    return {"id": f"msg_{identity(turn.asked)}", "type": "message", "role": "assistant", "status": status, "content": content}


def _part(turn: Turn, text: str) -> dict[str, Any]:
    if turn.finish == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(turn: Turn) -> dict[str, Any]:
    stated = turn.stated
    if stated is None:
        return {}
    output = stated.output + stated.reasoning
    return {
        "usage": {
            "input_tokens": stated.prompt,
            "input_tokens_details": {"cached_tokens": stated.cached},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": stated.reasoning},
            "total_tokens": stated.prompt + output,
        }
    }


def _events(turn: Turn, _: Mapping[str, Any]) -> Iterator[Piece]:
    for number, (kind, text, fields) in enumerate(_story(turn)):
        yield Piece({"type": kind, "sequence_number": number, **fields}, event=kind, text=text)


def _story(turn: Turn) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Type, text that counts, and fields of each event."""
    item: dict[str, Any] = {"output_index": 0, "item_id": _item(turn, None)["id"]}
    yield "response.created", "", {"response": _head(turn)}
    yield "response.output_item.added", "", {"output_index": 0, "item": _item(turn, None)}
    yield from (_arguments if turn.answer.tool else _text)(turn, item)
    yield "response.output_item.done", "", {"output_index": 0, "item": _item(turn, turn.whole)}
    end = _response(turn, {})
    yield f"response.{end['status']}", "", {"response": end}


def _arguments(turn: Turn, item: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for text in turn.pieces():
        yield "response.function_call_arguments.delta", text, {**item, "delta": text}
    yield "response.function_call_arguments.done", "", {**item, "name": turn.answer.tool, "arguments": turn.whole}


def _text(turn: Turn, item: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    place, kind = {**item, "content_index": 0}, "refusal" if turn.finish == "refusal" else "output_text"
    field = "refusal" if kind == "refusal" else "text"
    yield "response.content_part.added", "", {**place, "part": _part(turn, "")}
    for text in turn.pieces():
        yield f"response.{kind}.delta", text, {**place, "delta": text, "logprobs": []}
    yield f"response.{kind}.done", "", {**place, field: turn.whole, "logprobs": []}
    yield "response.content_part.done", "", {**place, "part": _part(turn, turn.whole)}


RESPONSES = Api(needed="input", read=from_responses, whole=_response, events=_events)
