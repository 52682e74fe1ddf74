"""`verify` looks at the repository as the next checkout will see it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from agentops_operator.generate.verify import changed, untracked

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small repository with the operator's source and all generated files, committed."""
    for folder in ("operator/agentops_operator", "crds", "charts/agentops-operator/generated", "dashboards", "docs/reference"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    return tmp_path


def test_fresh_repository_has_no_differences(repository: Path) -> None:
    """Nothing is told when all is well."""
    assert (changed(repository), untracked(repository)) == ([], [])


def test_edit_of_a_generated_file_is_told_and_not_undone(repository: Path) -> None:
    """The check writes to a copy only."""
    page = repository / "docs/reference/agent.md"
    page.write_text("edited by hand")
    assert changed(repository) == ["docs/reference/agent.md"]
    assert page.read_text() == "edited by hand"


def test_change_of_a_type_is_seen_though_the_installed_package_is_another(repository: Path) -> None:
    """The copy's own source is run, not the package that happens to be installed."""
    source = repository / "operator/agentops_operator/agent/types.py"
    source.write_text(source.read_text().replace("Kind of the workload.", "What kind of workload."))
    assert {"crds/agents.yaml", "docs/reference/agent.md"} <= set(changed(repository))


def test_generated_file_that_was_never_added_is_told(repository: Path) -> None:
    """A file that only one person's disk has would be missing for everybody else."""
    _git(repository, "rm", "-q", "--cached", "crds/agents.yaml")
    assert changed(repository) == []
    assert untracked(repository) == ["crds/agents.yaml"]


def _git(root: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(root), *args], check=True, capture_output=True)
