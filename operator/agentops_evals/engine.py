"""Runs cases through pydantic-evals: this is the only file that knows that library."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext

from agentops_evals.dataset import GoldenCase
from agentops_evals.evaluators import Rule
from agentops_evals.results import Answer, CaseResult, UnjudgedError

Ask = Callable[[Any], Awaitable[Answer]]


class _Judge(Evaluator):  # type: ignore[misc]  # the library is Any to the type checker
    """One of our rules, as the library wants it."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def get_default_evaluation_name(self) -> str:
        return self.rule.name

    def build_serialization_arguments(self) -> dict[str, Any]:
        return {}  # the library would put the rule's value, which is content, into its report

    async def evaluate(self, ctx: EvaluatorContext) -> bool:
        return await self.rule.passes(ctx.output, ctx.expected_output)


async def judge(cases: Sequence[GoldenCase], ask: Ask, rules: Sequence[Rule], concurrency: int) -> list[CaseResult]:
    """Asks each case and applies every rule; what goes wrong with one case is that case's error."""
    dataset = Dataset(
        name="evaluation",
        cases=[Case(name=case.id, inputs=case.input, expected_output=case.expected) for case in cases],
        evaluators=[_Judge(rule) for rule in rules],
    )
    report = await dataset.evaluate(ask, name="evaluation", max_concurrency=concurrency, progress=False)
    judged = [_judged(case) for case in report.cases]
    unasked = [CaseResult(failure.name, errors={"": _kind(failure.error_message)}) for failure in report.failures]
    return sorted((*judged, *unasked), key=lambda result: result.case)


def _judged(case: Any) -> CaseResult:
    return CaseResult(
        case=case.name,
        outcomes={name: bool(result.value) for name, result in sorted(case.assertions.items())},
        errors={failure.name: _kind(failure.error_message) for failure in case.evaluator_failures},
        trace_id=case.output.trace_id,
        span_id=case.output.span_id,
    )


def _kind(message: str) -> str:
    """Our own fixed words, or the type of an error alone: its text may quote an answer."""
    error_type, _, text = message.partition(": ")
    return text if error_type == UnjudgedError.__name__ else f"internal error ({error_type})"
