"""RE2 without its library: never a wrong verdict, at worst none."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops_operator.cli import re2

library = pytest.importorskip("re2", reason="the differential test needs google-re2, which the lock file holds")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the library."""
    monkeypatch.setattr(re2, "_library", lambda: None)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("(?=x)a", "look-around"),
        ("a(?<!b)", "look-around"),
        (r"(a)\1", "a back reference"),
        ("(?>a)b", "an atomic group"),
        ("a++", "a possessive quantifier"),
        ("a{1001}", "at most 1000"),
        ("a*", "empty text"),
        ("(", "no RE2 expression"),
    ],
)
@pytest.mark.usefixtures("alone")
def test_what_re2_refuses_is_refused_with_the_reason(pattern: str, names: str) -> None:
    """The writer of a rule is told what RE2 lacks, not just that something is wrong."""
    assert names in re2.problem(pattern)


@pytest.mark.parametrize(
    "pattern", ["ORD-[0-9]{8}", r"(?i)key=\w+", "[[:alpha:]]{3}x", r"(?P<n>x)\z", r"\(\?=x", "[(?=]a", r"\\1x"]
)
@pytest.mark.usefixtures("alone")
def test_what_re2_takes_is_taken(pattern: str) -> None:
    """Escapes, classes and names that only look like something else are no fault."""
    assert re2.problem(pattern) == ""


@pytest.mark.parametrize("pattern", [r"\pL+x", r"\Qa.b\E", "(?U)a+", r"\x{1F600}", "a{,3}"])
@pytest.mark.usefixtures("alone")
def test_what_only_re2_knows_is_left_to_the_server(pattern: str) -> None:
    """Where the two languages differ, no verdict is better than a guess."""
    with pytest.raises(re2.UnsureError):
        re2.problem(pattern)


WORDS = r"a 1 . * + ? ( ) (?: (?i) (?= [ ] ^ $ | {2} {2,} {,2} \d \b \1 \( \\ [:alpha:] - \z \Z (?P<n> \pL {1001}"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=8).map("".join))
@settings(deadline=None, derandomize=True, max_examples=400)
def test_verdict_without_the_library_is_never_another(pattern: str) -> None:
    """Any expression gets the library's verdict, or none."""
    try:
        alone = re2._judged_alone(pattern)
    except re2.UnsureError:
        return
    assert bool(alone) == bool(re2._judged_by_library(library, pattern)), re.escape(pattern)
