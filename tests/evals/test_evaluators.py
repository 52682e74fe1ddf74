"""Each rule on answers that keep it, that break it, and that it cannot judge."""

from typing import Any

import pytest

from agentops_evals.evaluators import Rule, rules
from agentops_evals.results import Answer, NotRunnableError, UnjudgedError
from agentops_operator.policies.evaluation.types import Evaluator

SCHEMA = '{"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}}'


class NoScanner:
    """A scanner that nobody may ask."""

    async def finds_credential(self, text: str) -> bool:
        """Never."""
        raise AssertionError(text)


def rule(**fields: Any) -> Rule:
    """One rule."""
    (made,) = rules([Evaluator.model_validate({"name": "r", **fields})], NoScanner())
    return made


@pytest.mark.parametrize(
    ("kind", "value", "expected", "text", "passes"),
    [
        ("Contains", "Paris", None, "It is Paris.", True),
        ("Contains", None, "Paris", "It is Rome.", False),
        ("Contains", "Paris", "Rome", "It is Paris.", True),
        ("Equals", None, "4", " 4\n", True),
        ("Equals", None, "4", "44", False),
        ("Regex", "^[0-9]{2}$", None, "42", True),
        ("Regex", None, "(?i)paris", "PARIS", True),
        ("Regex", "^x", None, "ax", False),
        ("JsonSchema", SCHEMA, None, '{"total": 1.5}', True),
        ("JsonSchema", SCHEMA, None, '{"total": "1.5"}', False),
        ("JsonSchema", SCHEMA, None, "not json", False),
    ],
)
async def test_rule_judges_text(kind: str, value: str | None, expected: str | None, text: str, passes: bool) -> None:
    """The policy's value comes before what the case expects."""
    assert await rule(type=kind, value=value).passes(Answer(text, 0.1), expected) is passes


@pytest.mark.parametrize(("seconds", "passes"), [(0.5, True), (1.0, True), (1.001, False)])
async def test_latency_needs_no_text(seconds: float, passes: bool) -> None:
    """Time is judged even where content is not captured."""
    assert await rule(type="MaxLatency", value="1000").passes(Answer(None, seconds), None) is passes


@pytest.mark.parametrize("kind", ["Contains", "Equals", "Regex"])
async def test_rule_without_anything_to_compare_is_an_error(kind: str) -> None:
    """Neither the policy nor the case says what is right."""
    with pytest.raises(UnjudgedError):
        await rule(type=kind).passes(Answer("x", 0.1), None)


@pytest.mark.parametrize("kind", ["Contains", "NoSecrets"])
async def test_span_without_output_is_an_error(kind: str) -> None:
    """Content that was not captured cannot be found clean."""
    with pytest.raises(UnjudgedError):
        await rule(type=kind).passes(Answer(None, 0.1), "x")


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "Regex", "value": "(?=x)"},
        {"type": "Regex", "value": "("},
        {"type": "JsonSchema", "value": "{"},
        {"type": "JsonSchema", "value": '{"type": "nonsense"}'},
        {"type": "MaxLatency", "value": "soon"},
    ],
)
def test_rule_that_makes_no_sense_stops_the_run(fields: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    """It is told once and by name; its text is in neither the error nor the log."""
    with pytest.raises(NotRunnableError, match="evaluator r: "):
        rule(**fields)
    assert capfd.readouterr().err == ""


async def test_expression_of_a_case_that_makes_no_sense_is_that_cases_error() -> None:
    """One wrong case does not stop the others."""
    with pytest.raises(UnjudgedError):
        await rule(type="Regex").passes(Answer("x", 0.1), "(")


async def test_schema_never_reaches_for_the_network() -> None:
    """A reference to another document is an error, not a request."""
    made = rule(type="JsonSchema", value='{"$ref": "http://example.com/schema.json"}')
    with pytest.raises(UnjudgedError):
        await made.passes(Answer("{}", 0.1), None)


async def test_expression_that_explodes_elsewhere_is_linear_here() -> None:
    """The expressions are RE2: no answer can make one run for hours."""
    assert not await rule(type="Regex", value="^(a+)+$").passes(Answer("a" * 50_000 + "b", 0.1), None)
