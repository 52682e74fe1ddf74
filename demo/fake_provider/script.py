"""The answers: the same question always gets the same one."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.fake_provider.conversation import Conversation, Tool

PLACEHOLDERS: dict[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}}


@dataclass(frozen=True)
class Answer:
    """A text, or the call of one tool."""

    text: str = ""
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def arguments_json(self) -> str:
        """The arguments as the APIs write them."""
        return json.dumps(dict(self.arguments))


@dataclass(frozen=True)
class Line:
    """A line of the script: questions that match get this text, without a call of tools."""

    match: re.Pattern[str]
    text: str


class Script:
    """Each offered tool is called once, in the order of the offer; then the last result is the answer."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.lines = list(lines)

    def answer(self, asked: Conversation) -> Answer:
        """The answer to one request."""
        for line in self.lines:
            if line.match.search(asked.question):
                return Answer(text=line.text)
        for tool in asked.tools:
            if tool.name not in asked.called:
                return Answer(tool=tool.name, arguments=_arguments(tool, asked.question))
        return Answer(text=asked.last_result or f"You said: {asked.question[:200]}")


def _arguments(tool: Tool, question: str) -> dict[str, Any]:
    properties = tool.schema.get("properties") or {}
    wanted = tool.schema.get("required") or list(properties)
    return {name: _value(name, properties.get(name) or {}, question) for name in wanted}


def _value(name: str, schema: Mapping[str, Any], question: str) -> Any:
    """What the question says as `name: value`, up to the end of its line; else something of the right type."""
    kind = schema.get("type", "string")
    said = re.search(rf"\b{re.escape(name)}: *([^\n]+)", question)
    if kind != "string":
        return PLACEHOLDERS.get(kind)
    return said.group(1).strip() if said else question[:200]
