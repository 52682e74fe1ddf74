"""The table of the chart's values is complete, and names nothing else."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from demo.images import ROOT

CODE = re.compile(r"`([^`]+)`")
BRACES = re.compile(r"\{([^{}]*)\}")
VALUES = yaml.safe_load((ROOT / "charts/agentops-operator/values.yaml").read_text())


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Every value that can be set, as `--set` names it."""
    if not isinstance(value, dict) or not value:
        yield path
        return
    for name, inner in value.items():
        yield from leaves(inner, f"{path}.{name}" if path else name)


def rows() -> list[list[str]]:
    """The names of each row, `{a,b}` written out."""
    table = (ROOT / "docs/install.md").read_text().split("\n## Values\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [[name for code in CODE.findall(cell) for name in written_out(code)] for cell in cells]


def written_out(name: str) -> list[str]:
    """`a.{b,c}` is `a.b` and `a.c`."""
    found = BRACES.search(name)
    if found is None:
        return [name]
    parts = found.group(1).split(",")
    return [one for part in parts for one in written_out(name[: found.start()] + part + name[found.end() :])]


def under(name: str) -> list[str]:
    """The name and those of all that it stands in."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def full(row: list[str], known: set[str]) -> set[str]:
    """Names of a row; all but the first may leave out what they share with it."""
    shared = under(row[0])[:-1]
    return {one for name in row for one in (name, *(f"{above}.{name}" for above in shared)) if one in known}


def test_every_value_has_a_row_and_every_row_a_value() -> None:
    """What can be set and is written nowhere is found by reading the chart only."""
    every = set(leaves(VALUES))
    known = {name for leaf in every for name in under(leaf)}
    told = [full(row, known) for row in rows()]
    assert [row for row, found in zip(rows(), told, strict=True) if len(found) < len(row)] == []
    named = set().union(*told)
    assert sorted(leaf for leaf in every if not named & set(under(leaf))) == []
