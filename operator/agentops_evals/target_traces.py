"""Recorded traces as target: the outermost agent or model span of each trace is judged, nothing is asked again."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from agentops_evals.otlp import attributes
from agentops_evals.results import Answer, NotRunnableError

# The operations of the GenAI conventions whose output is an answer; a tool's result is none.
ANSWERING = frozenset({"invoke_agent", "invoke_workflow", "chat", "generate_content", "text_completion"})
OUTPUT = "gen_ai.output.messages"
LIMIT = "1000"
TIMEOUT = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True)
class Span:
    """What is needed of a span."""

    trace_id: str
    span_id: str
    parent: str
    start: int
    end: int
    attributes: Mapping[str, Any]

    @property
    def answers(self) -> bool:
        """Whether its output is an answer."""
        return self.attributes.get("gen_ai.operation.name") in ANSWERING


async def fetch(session: aiohttp.ClientSession, url: str, query: Mapping[str, str], token: Path) -> str:
    """The relay's text: one line of OTLP-JSON a batch.

    Raises:
        NotRunnableError: the relay did not answer, or refused.
    """
    try:
        headers = {"Authorization": f"Bearer {token.read_text().strip()}"}  # noqa: ASYNC240  (one small file)
        async with session.get(url, params=dict(query), headers=headers, timeout=TIMEOUT, allow_redirects=False) as response:
            if response.status != HTTPStatus.OK:
                raise NotRunnableError(f"the relay answered HTTP {response.status} when asked for traces")
            return await response.text()
    except aiohttp.ClientError as error:
        raise NotRunnableError(f"the relay could not be reached ({type(error).__name__})") from None
    except OSError as error:
        raise NotRunnableError(f"traces could not be read ({type(error).__name__})") from None


def answers(text: str) -> dict[str, Answer]:
    """Answers by `trace-span`, of the outermost answering spans of each trace."""
    try:
        spans = {
            (span.trace_id, span.span_id): span for line in text.splitlines() if line.strip() for span in _spans(json.loads(line))
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotRunnableError(f"the relay's traces could not be read ({type(error).__name__})") from None
    return {
        f"{span.trace_id}-{span.span_id}": _answer(span)
        for span in sorted(spans.values(), key=lambda span: (span.start, span.trace_id, span.span_id))
        if span.answers and not _below_an_answer(span, spans)
    }


def _spans(batch: Mapping[str, Any]) -> Iterator[Span]:
    for resource in batch.get("resourceSpans") or []:
        for scope in resource.get("scopeSpans") or []:
            for span in scope.get("spans") or []:
                yield Span(
                    trace_id=span["traceId"],
                    span_id=span["spanId"],
                    parent=span.get("parentSpanId", ""),
                    start=int(span.get("startTimeUnixNano", 0)),
                    end=int(span.get("endTimeUnixNano", 0)),
                    attributes=attributes(span.get("attributes") or []),
                )


def _below_an_answer(span: Span, spans: Mapping[tuple[str, str], Span]) -> bool:
    """Whether an ancestor answers too; its answer is the one that the user saw."""
    seen = {span.span_id}
    parent = spans.get((span.trace_id, span.parent))
    while parent is not None and parent.span_id not in seen:  # a forged loop of parents must end
        if parent.answers:
            return True
        seen.add(parent.span_id)
        parent = spans.get((span.trace_id, parent.parent))
    return False


def _answer(span: Span) -> Answer:
    messages = _loaded(span.attributes.get(OUTPUT))
    return Answer(
        text=_text(messages),
        seconds=max(0, span.end - span.start) / 1e9,
        whole=json.dumps(messages, ensure_ascii=False) if messages else "",
        trace_id=span.trace_id,
        span_id=span.span_id,
    )


def _loaded(messages: Any) -> Any:
    """Messages are structured, or the same as JSON text; other text stays text."""
    if not isinstance(messages, str):
        return messages
    try:
        return json.loads(messages)
    except ValueError:
        return messages


def _text(messages: Any) -> str | None:
    """The text of all parts; messages of a form that is not known are kept whole."""
    if not messages:
        return None
    if isinstance(messages, str):
        return messages
    try:
        texts = list(_parts(messages))
    except (KeyError, TypeError, AttributeError):
        texts = []
    return "\n".join(texts) if texts else json.dumps(messages, ensure_ascii=False)


def _parts(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        for part in message["parts"]:
            if part.get("type") == "text":
                yield part["content"]
