"""Trees in text, with a mark before each line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentops_operator.cli.output import paint

COLOURS = {"✓": "green", "✗": "red", "?": "yellow", "": "white"}


@dataclass(frozen=True)
class Branch:
    """One line and the lines below it; `mark` is ✓, ✗, ? or empty."""

    text: str
    mark: str = ""
    below: tuple["Branch", ...] = ()


def lines(root: Branch) -> Iterator[str]:
    """The tree, line by line."""
    yield _marked(root)
    yield from _below(root.below, "")


def _below(branches: Sequence[Branch], indent: str) -> Iterator[str]:
    for number, branch in enumerate(branches, start=1):
        last = number == len(branches)
        yield f"{indent}{'└─' if last else '├─'} {_marked(branch)}"
        yield from _below(branch.below, indent + ("   " if last else "│  "))


def _marked(branch: Branch) -> str:
    return f"{paint(branch.mark, COLOURS[branch.mark])} {branch.text}" if branch.mark else branch.text
