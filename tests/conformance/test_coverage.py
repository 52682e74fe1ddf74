"""The suite knows every field of the plan, and says of each whether a case proves it."""

import ast
from pathlib import Path

import pytest

from conformance import ROOT
from conformance.behaviours import BEHAVIOURS
from conformance.fields import plan_fields
from conformance.gaps import GAPS
from conformance.report import PAGE, UNTESTED, page, read_reports
from conformance.untested import UNTESTED_FIELDS

CASES = sorted((ROOT / "conformance" / "cases").glob("test_*.py"))


def _proven(path: Path) -> set[str]:
    """Names in the `@proves` marks of one file; those with a part that varies are written out in the plan's own words."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    marks = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "proves"]
    return {name for mark in marks for argument in mark.args for name in _names(argument)}


def _names(argument: ast.expr) -> set[str]:
    """A text, or every known name that fits a text with holes."""
    if isinstance(argument, ast.Constant):
        return {str(argument.value)}
    assert isinstance(argument, ast.JoinedStr)
    parts = [str(part.value) for part in argument.values if isinstance(part, ast.Constant)]
    known = {*plan_fields(), *BEHAVIOURS}
    found = {name for name in known if all(part in name for part in parts)}
    assert found, f"no field fits {parts}"
    return found


def test_every_field_of_the_plan_has_a_case_or_says_why_not() -> None:
    """A field that nobody proves is named with its reason; a reason for one that is proven is too much."""
    proven = set().union(*(_proven(path) for path in CASES))
    assert set(plan_fields()) - proven == set(UNTESTED_FIELDS)
    assert set(BEHAVIOURS) <= proven


def test_cases_name_nothing_that_is_not_there() -> None:
    """A misspelt field would be proven and never counted."""
    known = {*plan_fields(), *BEHAVIOURS}
    unknown = {path.name: names for path in CASES if (names := _proven(path) - known)}
    assert unknown == {}


def test_every_case_says_what_it_proves() -> None:
    """A case without a mark would prove nothing in the report."""
    for path in CASES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.name.startswith("test_"):
                # The mark stands on the case or on each of its parameters.
                text = " ".join(ast.unparse(mark) for mark in node.decorator_list)
                assert "proves(" in text or "parametrize" in text, f"{path.name}: {node.name}"


def test_words_that_a_field_takes_are_fields_of_their_own() -> None:
    """An engine may know some of them only."""
    fields = plan_fields()
    assert {"routes.*.routing=Weighted", "routes.*.targets[].weight", "budgets.*.window.seconds"} <= set(fields)
    assert len(fields) == len(set(fields))
    assert not [field for field in fields if field.endswith(("routing", ".action", ".unit"))]


def test_field_that_is_new_in_the_plan_is_noticed(tmp_path: Path) -> None:
    """The fields are read from the plan's own types, so that a new one cannot be forgotten here."""
    source = 'type Plan struct {\n\tTargets map[string]Target `json:"targets"`\n}\n'
    source += 'type Target struct {\n\tMood Mood `json:"mood,omitempty"`\n\tTags []string `json:"tags"`\n}\n'
    source += 'const (\n\tGood Mood = "Good"\n\tBad  Mood = "Bad"\n)\n'
    (tmp_path / "plan.go").write_text(source)
    assert plan_fields(tmp_path) == ("targets.*.mood=Good", "targets.*.mood=Bad", "targets.*.tags[]")


def test_page_shows_the_reports_that_are_kept() -> None:
    """The documentation says what was measured."""
    assert PAGE.read_text() == page(read_reports())


@pytest.mark.parametrize("engine", sorted(read_reports()))
def test_report_speaks_of_every_field(engine: str) -> None:
    """A report from before a field existed is old."""
    report = read_reports()[engine]
    assert list(report["fields"]) == list(plan_fields())
    assert list(report["behaviours"]) == list(BEHAVIOURS)
    untested = {name for name, entry in report["fields"].items() if entry["verdict"] == UNTESTED}
    assert untested == set(UNTESTED_FIELDS)


def test_gaps_are_of_engines_and_cases_that_exist() -> None:
    """A gap of a case that was renamed excuses nothing."""
    cases = {
        f"{path.name}::{node.name}"
        for path in CASES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
    }
    assert {name.split("[")[0] for gaps in GAPS.values() for name in gaps} <= cases
