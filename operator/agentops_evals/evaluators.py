"""The rules that need no model. Each says yes or no of an answer, or raises when it cannot say."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from agentops_evals.results import Answer, NotRunnableError, UnjudgedError
from agentops_operator.policies.evaluation.types import Evaluator, EvaluatorType


class Scanner(Protocol):
    """Finds credentials in a text."""

    async def finds_credential(self, text: str) -> bool:
        """Whether the text holds one."""


class Rule(Protocol):
    """One rule of the policy."""

    @property
    def name(self) -> str:
        """Name of the evaluator."""

    async def passes(self, answer: Answer, expected: str | None) -> bool:
        """Whether the answer keeps the rule; raises UnjudgedError when that cannot be said."""


Check = Callable[[str, str], bool]


@dataclass(frozen=True)
class Comparison:
    """Compares the answer's text with the policy's value, or else with what the case expects."""

    name: str
    value: str | None
    check: Check

    async def passes(self, answer: Answer, expected: str | None) -> bool:
        """Whether the comparison holds."""
        wanted = self.value if self.value is not None else expected
        if wanted is None:
            raise UnjudgedError(f"evaluator {self.name} has no value and the case has no expected text")
        return self.check(text_of(answer), wanted)


@dataclass(frozen=True)
class Schema:
    """The answer is JSON that the schema accepts."""

    name: str
    validator: Draft202012Validator

    async def passes(self, answer: Answer, expected: str | None) -> bool:  # noqa: ARG002  (the schema says what is expected)
        """Whether the schema accepts the answer; text that is not JSON breaks the rule."""
        try:
            value = json.loads(text_of(answer))
        except ValueError:
            return False
        try:
            return bool(self.validator.is_valid(value))
        except Unresolvable:
            raise UnjudgedError(f"the schema of evaluator {self.name} refers to another document") from None


@dataclass(frozen=True)
class MaxLatency:
    """The answer came in time."""

    name: str
    milliseconds: int

    async def passes(self, answer: Answer, expected: str | None) -> bool:  # noqa: ARG002  (time needs no text)
        """Whether it came in time."""
        return answer.seconds * 1000 <= self.milliseconds


@dataclass(frozen=True)
class NoSecrets:
    """The answer holds no credential, by the same detectors that mask traces."""

    name: str
    scanner: Scanner

    async def passes(self, answer: Answer, expected: str | None) -> bool:  # noqa: ARG002  (no credential is ever expected)
        """Whether no credential was found."""
        return not await self.scanner.finds_credential(answer.whole or text_of(answer))


def rules(evaluators: Iterable[Evaluator], scanner: Scanner) -> tuple[Rule, ...]:
    """The rules of a policy.

    Raises:
        NotRunnableError: a rule makes no sense, so that no case could be judged by it.
    """
    return tuple(_rule(evaluator, scanner) for evaluator in evaluators)


def text_of(answer: Answer) -> str:
    """The answer's text; a span that recorded none cannot be judged by it."""
    if answer.text is None:
        raise UnjudgedError("the span holds no output, because content is not captured")
    return answer.text


def _rule(evaluator: Evaluator, scanner: Scanner) -> Rule:
    name, value = evaluator.name, evaluator.value
    match evaluator.type:
        case EvaluatorType.CONTAINS:
            return Comparison(name, value, lambda text, wanted: wanted in text)
        case EvaluatorType.EQUALS:
            return Comparison(name, value, lambda text, wanted: text.strip() == wanted.strip())
        case EvaluatorType.REGEX:
            if value is not None and _expression(value) is None:
                raise NotRunnableError(f"evaluator {name}: the expression is not valid RE2")
            return Comparison(name, value, _found)
        case EvaluatorType.JSON_SCHEMA:
            return Schema(name, _validator(name, value or ""))
        case EvaluatorType.MAX_LATENCY:
            return MaxLatency(name, _milliseconds(name, value or ""))
        case EvaluatorType.NO_SECRETS:
            return NoSecrets(name, scanner)


def _found(text: str, wanted: str) -> bool:
    expression = _expression(wanted)
    if expression is None:
        raise UnjudgedError("the expression that the case expects is not valid RE2")
    return expression.search(text) is not None


def _expression(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False  # the library would write the expression, which is content, to the log
    try:
        return re2.compile(text, options)
    except re2.error:
        return None


def _validator(name: str, text: str) -> Draft202012Validator:
    try:
        schema = json.loads(text)
        Draft202012Validator.check_schema(schema)
    except ValueError:
        raise NotRunnableError(f"evaluator {name}: value is not JSON") from None
    except SchemaError:
        raise NotRunnableError(f"evaluator {name}: value is not a JSON schema") from None
    # With the default registry a $ref to an URL would be fetched from the network.
    return Draft202012Validator(schema, registry=Registry())


def _milliseconds(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise NotRunnableError(f"evaluator {name}: value must be milliseconds")
    return int(text)
