"""`python -m bench [NAME ...]`: runs benchmarks, prints one JSON line a figure, and writes docs/benchmarks.md."""

import sys
from collections.abc import Callable, Iterator

from bench import (
    admission,
    dataplane,
    gateway,
    gateway_plan,
    operator_alone,
    operator_speed,
    operator_writes,
    policy_change,
    scaling,
)
from bench.figure import Figure
from bench.page import write_page
from demo.images import ROOT
from demo.install import install
from tests.cluster.access import Access

WITHOUT_NODE: dict[str, Callable[[], Iterator[Figure]]] = {
    "admission": admission.run,
    "gateway": gateway.run,
    "plan": gateway_plan.run,
    "scaling": scaling.run,
    "operator-alone": operator_alone.run,
}
ON_NODE: dict[str, Callable[[Access], Iterator[Figure]]] = {
    "writes": operator_writes.run,
    "change": policy_change.run,
    "dataplane": dataplane.run,
    "speed": operator_speed.run,
}
VALUES = ROOT / "bench" / "values.yaml"


def main(wanted: list[str]) -> int:
    """Runs the named benchmarks, or all; returns 1 when a target is missed, 2 for an unknown name."""
    known = (*WITHOUT_NODE, *ON_NODE)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for figure in _measure(wanted or list(known)):
        print(figure.line(), flush=True)
        figures.append(figure)
    write_page(figures)
    return 1 if any(figure.met is False for figure in figures) else 0


def _measure(names: list[str]) -> Iterator[Figure]:
    """Those without a node first: a node that is started for the others would take their cores."""
    for name in names:
        if name in WITHOUT_NODE:
            yield from WITHOUT_NODE[name]()
    on_node = [name for name in names if name in ON_NODE]
    if on_node:
        access = Access(install(VALUES))
        for name in on_node:
            yield from ON_NODE[name](access)


sys.exit(main(sys.argv[1:]))
