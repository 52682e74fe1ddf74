"""Each rule of the API, tried with an object that keeps it and one that breaks it."""

from pathlib import Path

import pytest
import yaml

from agentops_operator.generate.crds import root_schema
from agentops_operator.generate.kinds import ALL
from agentops_operator.generate.reference import example
from tests.cluster_access import Kubectl
from tests.generate.schemas import nodes

WANT = "# want: "
CASES = sorted((Path(__file__).parent / "cases").rglob("*.yaml"))
TRANSITION = "oldSelf"  # rules on changes need two states of an object; test_life.py has those


def _want(path: Path) -> str:
    first = path.read_text().splitlines()[0]
    return first.removeprefix(WANT) if first.startswith(WANT) else ""


def _id(path: Path) -> str:
    return f"{path.parent.name}: {path.stem}"


@pytest.mark.cluster
@pytest.mark.parametrize("path", [path for path in CASES if not _want(path)], ids=_id)
def test_good_object_is_accepted(path: Path, kubectl: Kubectl, namespace: str) -> None:
    """The API server takes what keeps all rules."""
    kubectl("apply", "--server-side", "--dry-run=server", "-n", namespace, "-f", str(path))


@pytest.mark.cluster
@pytest.mark.parametrize("path", [path for path in CASES if _want(path)], ids=_id)
def test_bad_object_is_refused_with_words_that_help(path: Path, kubectl: Kubectl, namespace: str) -> None:
    """The API server refuses what breaks a rule, and says which."""
    result = kubectl.run("apply", "--server-side", "--dry-run=server", "-n", namespace, "-f", str(path))
    assert result.returncode != 0
    assert _want(path) in result.stderr


@pytest.mark.cluster
@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_example_of_the_reference_is_accepted(kind, kubectl: Kubectl, namespace: str) -> None:
    """What a reader copies from the documentation is valid on a real cluster."""
    document = yaml.safe_load(example(kind))
    document["metadata"]["namespace"] = namespace
    kubectl.apply(document, args=("--dry-run=server",))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_every_rule_has_a_good_and_a_bad_case(kind) -> None:
    """A rule that nothing breaks may be one that nothing can break."""
    own = [path for path in CASES if path.parent.name == kind.kind]
    wanted = [_want(path) for path in own if _want(path)]
    rules = [rule for _, node in nodes(root_schema(kind)) for rule in node.get("x-kubernetes-validations", ())]
    for rule in rules:
        if TRANSITION not in rule["rule"]:
            assert any(want in rule["message"] for want in wanted), rule["message"]
    assert len(wanted) < len(own)
