"""What is answered to one request, before any API puts it in its own form."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from re import findall
from typing import Literal

from demo.fake_provider.bill import Usage
from demo.fake_provider.conversation import CHARACTERS, Conversation, count_tokens
from demo.fake_provider.faults import Fault
from demo.fake_provider.script import Answer

REFUSAL = "I cannot help with that."


@dataclass(frozen=True)
class Turn:
    """The question, the answer, and how it ends."""

    asked: Conversation
    answer: Answer
    finish: Literal["stop", "length", "tool", "refusal"]
    fault: Fault = field(default_factory=Fault)

    @property
    def whole(self) -> str:
        """What is counted as output: the text, or the arguments of the tool as JSON."""
        return self.answer.text or self.answer.arguments_json()

    def usage(self, sent: str | None = None) -> Usage:
        """The true usage when `sent` went out; all of it, if that is not said."""
        cached, written = (int(self.asked.tokens * part) for part in (self.fault.cached, self.fault.written))
        output = count_tokens(self.whole if sent is None else sent)
        return Usage(self.asked.tokens - cached - written, cached, output, written, self.fault.reasoning)

    @property
    def stated(self) -> Usage | None:
        """The usage that the answer states."""
        return None if self.fault.no_usage else self.usage().times(self.fault.usage_factor)

    def pieces(self) -> Iterator[str]:
        """The whole in pieces, of about a word each, which joined give it."""
        size = self.fault.piece
        if size:
            yield from (self.whole[start : start + size] for start in range(0, len(self.whole), size))
        else:
            yield from findall(r"\s*\S+|\s+", self.whole)


def turn(asked: Conversation, answer: Answer, fault: Fault) -> Turn:
    """The answer as the fault and the caller's limit of tokens leave it."""
    if fault.refusal:
        return Turn(asked, Answer(text=REFUSAL), "refusal", fault)
    if answer.tool:
        return Turn(asked, answer, "tool", fault)
    text = answer.text
    if fault.length:
        text = (text * (fault.length // len(text) + 1))[: fault.length]
    allowed = asked.max_tokens * CHARACTERS if asked.max_tokens else len(text)
    return Turn(asked, Answer(text=text[:allowed]), "length" if allowed < len(text) else "stop", fault)
