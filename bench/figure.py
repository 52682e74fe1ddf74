"""One figure of a benchmark: a JSON line on stdout, a row in the documentation."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """A measured value.

    Attributes:
        group: which benchmark.
        name: what was measured.
        value: the value.
        unit: its unit.
        target: what it should reach, in words; empty when there is none.
        met: whether it does; None when there is no target.
        method: how it was measured.
    """

    group: str
    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    method: str = ""

    def line(self) -> str:
        """The JSON line."""
        return json.dumps(asdict(self))


def at_most(group: str, name: str, value: float, unit: str, limit: float, method: str) -> Figure:
    """A figure that must not exceed a limit."""
    return Figure(group, name, round(value, 3), unit, f"<= {limit:g}", value <= limit, method)


def at_least(group: str, name: str, value: float, unit: str, limit: float, method: str) -> Figure:
    """A figure that must reach a limit."""
    return Figure(group, name, round(value, 3), unit, f">= {limit:g}", value >= limit, method)


def percentile(values: Sequence[float], percent: int) -> float:
    """A percentile by the inclusive method; of one value it is that value."""
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
