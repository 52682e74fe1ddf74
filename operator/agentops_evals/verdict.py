"""From judged cases to a verdict: pure, and never a pass when something was left unjudged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agentops_evals.results import CaseResult
from agentops_operator.policies.evaluation.types import Gate, Verdict

KINDS_NAMED = 3


@dataclass(frozen=True)
class Counts:
    """Cases by outcome."""

    passed: int = 0
    failed: int = 0
    errors: int = 0

    @property
    def judged(self) -> int:
        """Cases of which something is known."""
        return self.passed + self.failed

    @property
    def total(self) -> int:
        """All cases."""
        return self.judged + self.errors


def count(results: Sequence[CaseResult]) -> Counts:
    """Each case once: failed if any rule was broken, passed if all rules hold, else an error."""
    failed = sum(result.failed for result in results)
    passed = sum(result.passed for result in results)
    return Counts(passed, failed, len(results) - passed - failed)


def decide(counts: Counts, gate: Gate) -> tuple[Verdict, str]:
    """The verdict and its reason.

    A run that cannot reach its gate even if every error were a pass is a Fail: one flaky case must not hide it.
    """
    if counts.judged == 0:
        return Verdict.INCONCLUSIVE, "nothing was judged"
    if counts.judged < gate.min_cases:
        return Verdict.INCONCLUSIVE, f"{counts.judged} cases were judged, the gate needs {gate.min_cases}"
    score = f"{counts.passed} of {counts.judged} judged cases passed, the gate needs {gate.min_pass_percent} %"
    if not _reaches(counts.passed + counts.errors, counts.total, gate):
        return Verdict.FAIL, score
    if counts.errors:
        return Verdict.INCONCLUSIVE, f"{counts.errors} of {counts.total} cases could not be judged"
    return Verdict.PASS, score


def _reaches(passed: int, total: int, gate: Gate) -> bool:
    return passed * 100 >= gate.min_pass_percent * total  # whole numbers: 0.29 * 100 is not 29


def error_kinds(results: Sequence[CaseResult]) -> str:
    """The most frequent reasons why cases could not be judged, with their counts."""
    kinds = Counter(kind for result in results for kind in result.errors.values())
    named = [f"{kind} ({number})" for kind, number in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))]
    more = f" and {len(named) - KINDS_NAMED} other reasons" if len(named) > KINDS_NAMED else ""
    return ", ".join(named[:KINDS_NAMED]) + more
