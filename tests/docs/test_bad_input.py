"""Rows on what the API server refuses are cases that are tried on a real one."""

import pytest

from demo.images import ROOT
from tests.docs.bad_input import rows

CASES = ROOT / "tests" / "crds" / "cases"
REFUSED = rows("Refused by the API server")


@pytest.mark.parametrize("name", REFUSED)
def test_row_is_a_case_with_this_message(name: str) -> None:
    """The case's own test finds the message in what the API server says."""
    message, case = REFUSED[name]
    first = (CASES / f"{case}.yaml").read_text().splitlines()[0]
    assert first == f"# want: {message}"
