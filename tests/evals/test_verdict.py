"""The verdict, for every count that can occur."""

from hypothesis import given
from hypothesis import strategies as st

from agentops_evals.report import encoded, message
from agentops_evals.results import CaseResult
from agentops_evals.verdict import Counts, count, decide
from agentops_operator.policies.evaluation.contract import MESSAGE_LIMIT
from agentops_operator.policies.evaluation.types import Gate, Verdict

NUMBER = st.integers(0, 200)
COUNTS = st.builds(Counts, NUMBER, NUMBER, NUMBER)
GATES = st.builds(Gate, min_pass_percent=st.integers(0, 100), min_cases=st.integers(1, 200))
RESULTS = st.lists(
    st.builds(
        CaseResult,
        case=st.text(min_size=1),
        outcomes=st.dictionaries(st.sampled_from("abc"), st.booleans()),
        errors=st.dictionaries(st.sampled_from(["", "d", "e"]), st.text(max_size=400), max_size=2),
    ),
    max_size=30,
)


@given(COUNTS, GATES)
def test_pass_needs_judged_cases_and_no_errors(counts: Counts, gate: Gate) -> None:
    """Whatever the gate asks for, what was not judged did not pass."""
    verdict, reason = decide(counts, gate)
    assert reason
    if verdict is Verdict.PASS:
        assert counts.judged >= gate.min_cases >= 1
        assert counts.errors == 0
        assert counts.passed * 100 >= gate.min_pass_percent * counts.judged


@given(COUNTS, GATES)
def test_fail_is_certain(counts: Counts, gate: Gate) -> None:
    """A run that fails would fail even if every error had been a pass."""
    if decide(counts, gate)[0] is Verdict.FAIL:
        assert decide(Counts(counts.passed + counts.errors, counts.failed), gate)[0] is Verdict.FAIL


@given(COUNTS, GATES)
def test_one_more_error_never_makes_a_pass(counts: Counts, gate: Gate) -> None:
    """A case that breaks cannot help."""
    worse = Counts(counts.passed, counts.failed, counts.errors + 1)
    assert decide(worse, gate)[0] is not Verdict.PASS


@given(RESULTS)
def test_each_case_is_counted_once(results: list[CaseResult]) -> None:
    """Passed, failed and errors add up; a case without any judgement is an error."""
    counts = count(results)
    assert counts.total == len(results)
    assert counts.passed == sum(result.passed for result in results)
    assert not any(result.passed for result in results if not result.outcomes or result.errors)


@given(RESULTS)
def test_message_fits_and_can_be_read_back(results: list[CaseResult]) -> None:
    """The kubelet cuts what is too long, and the operator takes half a message for none."""
    names = [f"{letter}{'x' * 62}" for letter in "abcdefghijklmnop"]
    told = message(results, names, Gate(), "sha256:" + "0" * 64)
    content = encoded(told)
    assert len(content) <= MESSAGE_LIMIT
    assert type(told).model_validate_json(content).cases == len(results)


def test_percent_is_exact() -> None:
    """29 of 100 reaches 29 percent, which floats deny."""
    gate = Gate(min_pass_percent=29)
    assert decide(Counts(29, 71), gate)[0] is Verdict.PASS
    assert decide(Counts(28, 72), gate)[0] is Verdict.FAIL
