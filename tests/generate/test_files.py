"""Generated files are what the types say, on every run and on every disk."""

from pathlib import Path

import pytest
import yaml

from agentops_operator.generate.files import CHART, differences, leftovers, render_all, write
from agentops_operator.generate.output import NOTICE

ROOT = Path(__file__).parents[2]
RENDERED = render_all()


def test_files_on_disk_are_fresh() -> None:
    """A change of a type without `make generate` is told here, by file."""
    assert differences(ROOT) == []


def test_rendering_twice_gives_the_same_bytes() -> None:
    """No file depends on time, memory addresses or the order of a set."""
    assert all(render_all() == RENDERED for _ in range(2))


@pytest.mark.parametrize("path", sorted(RENDERED))
def test_header_says_that_the_file_is_generated(path: str) -> None:
    """An editor of a generated file reads at its top that the edit will be lost."""
    assert NOTICE in "\n".join(RENDERED[path].splitlines()[:3])


def test_chart_carries_the_same_definitions_as_the_plain_files() -> None:
    """Helm users and kubectl users get the same CRDs."""
    plain = {path.rpartition("/")[2]: text for path, text in RENDERED.items() if path.startswith("crds/")}
    bundle = plain.pop("agentops-crds.yaml")
    assert plain == {path.rpartition("/")[2]: text for path, text in RENDERED.items() if path.startswith(f"{CHART}/crds/")}
    by_name = {entry["metadata"]["name"]: entry for entry in map(yaml.safe_load, plain.values())}
    assert by_name == {entry["metadata"]["name"]: entry for entry in yaml.safe_load_all(bundle)}


def test_changed_missing_and_left_over_files_are_each_told(tmp_path: Path) -> None:
    """The check names what is wrong with which file."""
    write(tmp_path)
    (tmp_path / "crds/agents.yaml").write_text("edited by hand")
    (tmp_path / "crds/evalruns.yaml").unlink()
    (tmp_path / "crds/quotas.yaml").write_text(f"# {NOTICE}\n")
    want = ["crds/agents.yaml: differs", "crds/evalruns.yaml: is missing", "crds/quotas.yaml: is generated no longer"]
    assert want == differences(tmp_path)


def test_writing_mends_everything_and_leaves_handwritten_files_alone(tmp_path: Path) -> None:
    """The page of a removed kind goes; a page that a person wrote beside it stays."""
    (tmp_path / "docs/reference").mkdir(parents=True)
    (tmp_path / "docs/reference/quota.md").write_text(f"# Quota\n\n<!-- {NOTICE} -->\n")
    (tmp_path / "docs/reference/metrics.md").write_text("# Metrics\n")
    assert leftovers(tmp_path, RENDERED) == ["docs/reference/quota.md"]
    write(tmp_path)
    assert differences(tmp_path) == []
    assert (tmp_path / "docs/reference/metrics.md").exists()
    assert write(tmp_path) == []
