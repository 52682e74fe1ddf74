"""`python -m bench [NAME ...]`: runs benchmarks, prints one JSON line a figure, and writes docs/benchmarks.md."""

import sys
from collections.abc import Callable, Iterator

from bench import dataplane, gateway_plan, operator_speed, operator_writes, policy_change
from bench.figure import Figure
from bench.page import write_page
from demo.images import ROOT
from demo.install import install
from tests.cluster.access import Access

BENCHMARKS: dict[str, Callable[..., Iterator[Figure]]] = {
    "writes": operator_writes.run,
    "change": policy_change.run,
    "dataplane": dataplane.run,
    "plan": gateway_plan.run,
    "speed": operator_speed.run,
}

WITHOUT_CLUSTER = {"plan"}
VALUES = ROOT / "bench" / "values.yaml"


def main(wanted: list[str]) -> int:
    """Runs the named benchmarks, or all; returns 1 when a target is missed, 2 for an unknown name."""
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        print(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    names = wanted or list(BENCHMARKS)
    access = None if WITHOUT_CLUSTER.issuperset(names) else Access(install(VALUES))
    figures: list[Figure] = []
    for name in names:
        for figure in BENCHMARKS[name](access):
            print(figure.line(), flush=True)
            figures.append(figure)
    write_page(figures)
    return 1 if any(figure.met is False for figure in figures) else 0


sys.exit(main(sys.argv[1:]))
