"""The golden set is read strictly, and its errors name case and field but no value."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops_evals.dataset import GoldenCase, parse
from agentops_evals.results import NotRunnableError


def test_cases_are_read_in_order() -> None:
    """Text, mappings and lists are questions; metadata is kept."""
    text = b"""
- {id: a, input: hello, expected: "42", metadata: {group: north, weight: 2}}
- {id: b.2, input: {messages: [{role: user, content: hi}]}}
"""
    assert parse(text) == (
        GoldenCase("a", "hello", "42", {"group": "north", "weight": 2}),
        GoldenCase("b.2", {"messages": [{"role": "user", "content": "hi"}]}),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: 1", "the data set must be a list of cases", id="mapping"),
        pytest.param("- [", "the data set is not valid YAML at line", id="broken"),
        pytest.param("- SECRET", "case number 1: must have the fields id and input", id="bare text"),
        pytest.param("- {id: 7, input: SECRET}", "case number 1: field id must be", id="number as id"),
        pytest.param('- {id: "a b", input: SECRET}', "case number 1: field id must be", id="blank in id"),
        pytest.param("- {id: a}", "case a: field input must be text", id="no input"),
        pytest.param("- {id: a, input: 42}", "case a: field input must be text", id="number as input"),
        pytest.param("- {id: a, input: {when: 2026-01-01}}", "case a: field input holds a value", id="date"),
        pytest.param("- {id: a, input: SECRET, expected: 42}", "case a: field expected must be text", id="number expected"),
        pytest.param('- {id: a, input: SECRET, expected: ""}', "case a: field expected must be text", id="nothing expected"),
        pytest.param("- {id: a, input: SECRET, expect: x}", "case a: field expect is not known", id="misspelt field"),
        pytest.param(
            "- {id: a, input: SECRET, metadata: [x]}", "case a: field metadata must be a mapping", id="list as metadata"
        ),
        pytest.param("- {id: a, input: x}\n- {id: a, input: SECRET}", "case a: field id stands twice", id="id twice"),
        pytest.param("- {id: a, input: x, input: SECRET}", "the data set is not valid YAML at line 1", id="key twice"),
    ],
)
def test_each_mistake_is_told_with_its_place(text: str, message: str) -> None:
    """The text of a question could be confidential, so it is never quoted."""
    with pytest.raises(NotRunnableError) as caught:
        parse(text.encode())
    assert str(caught.value).startswith(message)
    assert "SECRET" not in str(caught.value)


@given(st.binary(max_size=200) | st.text(alphabet="-{}[]: \n#&*!|>'\"%@`aid", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Nothing but the one error comes out."""
    with contextlib.suppress(NotRunnableError):
        parse(content)
