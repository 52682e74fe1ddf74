"""What a run yields, case by case. No value here holds a question or an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class UnjudgedError(Exception):
    """A case could not be judged; the text says why in fixed words, without any content."""


class NotRunnableError(Exception):
    """Nothing can be judged at all: no data set, no traces, or a rule that makes no sense."""


@dataclass(frozen=True)
class Answer:
    """What the agent said, how long it took, and the span that recorded it.

    Attributes:
        text: the answer; None when a span recorded none.
        seconds: from question to answer.
        whole: everything that was said around the answer too, in which no credential may stand either.
        trace_id: trace of the answer, when it came from one.
        span_id: span of the answer, when it came from one.
    """

    text: str | None
    seconds: float
    whole: str = ""
    trace_id: str = ""
    span_id: str = ""


@dataclass(frozen=True)
class CaseResult:
    """How the rules judged one case.

    Attributes:
        case: id of the case.
        outcomes: whether it passed, by evaluator; one that could not judge is missing here.
        errors: why it could not be asked or judged, by evaluator; the key is empty when no answer came.
        trace_id: trace of the answer, when it came from one.
        span_id: span of the answer, when it came from one.
    """

    case: str
    outcomes: Mapping[str, bool] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    trace_id: str = ""
    span_id: str = ""

    @property
    def failed(self) -> bool:
        """Whether a rule was broken; that is certain, whatever the other rules would have said."""
        return not all(self.outcomes.values())

    @property
    def passed(self) -> bool:
        """Whether every rule judged the case and found it good."""
        return bool(self.outcomes) and not self.failed and not self.errors
