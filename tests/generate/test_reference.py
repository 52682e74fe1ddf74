"""The reference answers for every field, every message and every reason."""

import re
from pathlib import Path

import pytest
import yaml

from agentops_operator.api.kind import KindInfo
from agentops_operator.api.reason import MEANING, ONLY_ON, REASONS, STATEMENT, ConditionType, Reason, reasons
from agentops_operator.generate.kinds import ALL
from agentops_operator.generate.reference import example, pages
from tests.generate.schemas import content, fields, nodes

PAGES = pages()
ROOT = Path(__file__).parents[2]
PLANS = sorted((ROOT / "tests/agent/cases").glob("*/plan.yaml"))


def _page(kind: KindInfo) -> str:
    return PAGES[f"docs/reference/{kind.singular}.md"]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_page_lists_every_field_once(kind: KindInfo) -> None:
    """A field that is in the CRD is on the page."""
    listed = re.findall(r"^\| `([^`]+)` \| [^|]+ \| [^|]* \| .* \|$", _page(kind), re.MULTILINE)
    assert [path for path, _ in fields(kind.kind) if path not in ("spec", "status")] == listed


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_page_holds_every_message_of_the_api_server(kind: KindInfo) -> None:
    """Whoever searches for the words of a refusal finds the page."""
    messages = {rule["message"] for _, node in nodes(content(kind.kind)) for rule in node.get("x-kubernetes-validations", ())}
    assert [message for message in messages if message not in _page(kind)] == []


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_page_explains_every_condition_with_every_reason(kind: KindInfo) -> None:
    """Whoever sees a condition in a status finds what it means and what to do."""
    for condition in kind.conditions:
        (section,) = re.findall(rf"^### {condition}\n(.*?)(?=^### |\Z)", _page(kind), re.MULTILINE | re.DOTALL)
        assert STATEMENT[condition] in section
        assert [str(reason) for reason in reasons(kind.kind, condition)] == re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_example_is_valid_and_of_its_kind(kind: KindInfo) -> None:
    """The first thing that a reader copies works."""
    document = yaml.safe_load(example(kind))
    assert (kind.api_version, kind.kind) == (document["apiVersion"], document["kind"])
    if kind.spec:
        kind.spec.model_validate(document["spec"])
    else:
        assert kind.root is not None
        kind.root.model_validate(
            {name: value for name, value in document.items() if name not in ("apiVersion", "kind", "metadata")}
        )
    assert example(kind) in _page(kind)


def test_contents_list_every_kind() -> None:
    """Each kind is linked from the page that lists them."""
    assert [kind.kind for kind in ALL if f"[{kind.kind}]({kind.singular}.md)" not in PAGES["docs/reference/README.md"]] == []


def test_every_reason_has_a_meaning_and_a_condition() -> None:
    """No reason can be written into a status that the documentation does not know."""
    assert set(Reason) == set(MEANING)
    assert set(ConditionType) == set(STATEMENT) == set(REASONS)
    assert set(Reason) == {reason for listed in REASONS.values() for reason in listed}
    assert {kind for kinds in ONLY_ON.values() for kind in kinds} <= {kind.kind for kind in ALL}


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.parent.name)
def test_conditions_in_the_golden_cases_are_documented(plan: Path) -> None:
    """What the operator decides in the golden cases is on the Agent's page."""
    lines = [re.match(r"(\w+)=\w+ (\w+):", line) for line in yaml.safe_load(plan.read_text())["conditions"]]
    assert lines
    for line in lines:
        assert line is not None
        assert Reason(line[2]) in reasons("Agent", ConditionType(line[1])), line[0]
