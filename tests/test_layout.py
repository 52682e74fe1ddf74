"""A reader guesses where things are and what they are called; this file keeps that true."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
FILE_LIMIT = 400
FUNCTION_LIMIT = 50
NOTHING_SAID = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "base", "misc", "phase"}
HOME = re.compile(r"(?<![\w.$}~*-])/(?:root|home|Users|work|opt/wheels)/\w")
INDEX = re.compile(r"--(?:extra-)?index-url|pypi\.org|pythonhosted|proxy\.golang|GOPROXY=\S*//", re.IGNORECASE)


def _tracked(*suffixes: str) -> list[Path]:
    """Files of the repository, those not yet added included, those ignored not."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = [ROOT / name for name in names if name.endswith(suffixes or ("",)) and name]
    return [path for path in paths if path.is_file()]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


PYTHON = _tracked(".py")
CODE = [*PYTHON, *_tracked(".go")]
TEXT = [path for path in _tracked() if path.name != Path(__file__).name]


def test_source_root_is_no_package() -> None:
    """An `__init__.py` there would hide the `operator` module of the standard library from every program run at the root."""
    assert not (ROOT / "operator" / "__init__.py").exists()
    command = [sys.executable, "-c", "import operator; operator.eq"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def test_files_are_short_enough_to_read() -> None:
    """No file of code has more lines than a person reads at one go."""
    long = {_name(path): len(path.read_text().splitlines()) for path in CODE}
    assert {name: lines for name, lines in long.items() if lines > FILE_LIMIT} == {}


def test_functions_are_short_enough_to_read() -> None:
    """No function is longer than a screen."""
    assert [line for path in PYTHON for line in _long_functions(path)] == []


def _long_functions(path: Path) -> list[str]:
    functions = (
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [f"{_name(path)}: {node.name}" for node in functions if (node.end_lineno or 0) - node.lineno >= FUNCTION_LIMIT]


def test_names_of_modules_say_what_is_in_them() -> None:
    """A module called after nothing collects everything."""
    assert [_name(path) for path in CODE if {*path.relative_to(ROOT).parts[:-1], path.stem} & NOTHING_SAID] == []


def test_no_file_names_a_path_of_one_machine_or_an_index_of_packages() -> None:
    """A checkout works on another machine, behind any mirror."""
    assert [line for path in TEXT for line in _addresses(path)] == []


def _addresses(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []  # pictures hold no addresses
    return [
        f"{_name(path)}:{number}: {line.strip()[:100]}"
        for number, line in enumerate(lines, 1)
        if HOME.search(line) or INDEX.search(line)
    ]


def test_examples_may_take_their_time() -> None:
    """On a busy machine one that took longer than the tool's 200 ms failed."""
    assert settings().deadline is None


def test_ports_for_other_programs_are_asked_for_in_one_place() -> None:
    """A port that the kernel gave to a probe may be somebody's before the program has it; `free_port` knows better ones."""
    assert [_name(path) for path in PYTHON if re.search(r"\.bind\(\(", path.read_text())] == []


def test_lock_files_hold_no_address() -> None:
    """Pins with an address fail wherever another index is used."""
    locks = _tracked(".lock")
    assert locks
    assert [_name(path) for path in locks if "://" in path.read_text()] == []


def test_imports_follow_the_layers() -> None:
    """The contracts in pyproject.toml hold: the core calls no edge, and only the edges do I/O."""
    program = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("operator/agentops_operator/policies/*/kind.py")), ids=lambda path: path.parent.name
)
def test_policies_do_not_import_each_other(path: Path) -> None:
    """A policy kind can be removed by removing its folder, but for the types that the merge of several kinds needs."""
    own = f"agentops_operator.policies.{path.parent.name}"
    shared = ("agentops_operator.policies.columns", own)
    imports = {
        name for file in path.parent.glob("*.py") for name in _imported(file) if name.startswith("agentops_operator.policies.")
    }
    assert {name for name in imports if not name.startswith(shared)} == set()


def _imported(path: Path) -> set[str]:
    return {node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.module}
