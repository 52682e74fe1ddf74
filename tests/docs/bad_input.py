"""The tables of docs/bad-input.md."""

import re

from demo.images import ROOT

PAGE = ROOT / "docs" / "bad-input.md"


def rows(title: str) -> dict[str, list[str]]:
    """Cells of a section's table by the first one, without the marks of code."""
    part = PAGE.read_text().split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in part.splitlines() if line[:2] == "| "]
    return {name: rest for name, *rest in lines[1:]}


def alike(pattern: str, message: str) -> bool:
    """Whether a message is the one of the page, where `…` is any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), message, re.DOTALL) is not None
