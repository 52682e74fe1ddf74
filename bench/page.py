"""docs/benchmarks.md: the last results, with method. Groups that did not run keep their last rows."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from bench.figure import Figure
from bench.scaling_page import write_scaling
from demo.images import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "docs" / "benchmarks.json"
INTRODUCTION = """# Benchmarks

Measured by `make bench` on a real single-node cluster ({machine}). The whole cluster, the product and the load share these
cores, so times are upper bounds; counts and ratios do not depend on the machine. `make bench BENCH=writes` runs one group;
`BENCH=operator-alone` needs no node.

"""


def write_page(figures: Iterable[Figure]) -> None:
    """Merges new figures with those of groups that did not run, and writes the page."""
    fresh = list(figures)
    ran = {figure.group for figure in fresh}
    kept = [figure for figure in _known() if figure.group not in ran]
    everything = sorted([*kept, *fresh], key=lambda figure: figure.group)
    RESULTS.write_text(json.dumps([asdict(figure) for figure in everything], indent=1) + "\n")
    write_scaling(everything)
    PAGE.write_text(INTRODUCTION.format(machine=_machine()) + "\n".join(_tables(everything)))


def _known() -> list[Figure]:
    return [Figure(**fields) for fields in json.loads(RESULTS.read_text())] if Path(RESULTS).exists() else []


def _tables(figures: list[Figure]) -> Iterable[str]:
    for group in sorted({figure.group for figure in figures}):
        yield f"## {group.capitalize()}\n\n| figure | value | target | | method |\n|---|---:|---|---|---|"
        for figure in figures:
            if figure.group == group:
                mark = {True: "reached", False: "**missed**", None: ""}[figure.met]
                yield f"| {figure.name} | {figure.value:g} {figure.unit} | {figure.target} | {mark} | {figure.method} |"
        yield ""


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return f"{os.cpu_count()} cores, {memory} GiB, {platform.system()} {platform.machine()}"
