"""What is needed past one machine: three gateways on a store of three nodes, one hot agent, the forwarder and the relay."""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure
from demo.images import ROOT, build_programs
from devcluster.commands import run as command
from devcluster.golang import compiler

GROUP = "scaling"
LOADED = (
    "3 gateways and a Redis cluster of 3 nodes (appendfsync always, in memory), 300 agents with a budget and run limits each, "
    "16 calls a gateway open for 8 s; user and system time of each process; all on one machine"
)
HOT = f"one agent in place of 300; {LOADED}"
METHODS = {
    "fullest of": "names of agents over the slots of equal nodes, as Redis computes them",
    "one agent": HOT,
    "CPU of the forwarder": "one sidecar between the load and one gateway, 16 calls open for 4 s",
    "CPU of the relay": "a relay that verifies, stamps, counts and stores 25,600 spans of 500 bytes, and exports none",
}
RELAY = re.compile(r"^relay ([\d.]+) cpu-µs/span$", re.MULTILINE)


def run() -> Iterator[Figure]:
    """Yields the figures, in about a minute; no cluster is needed."""
    build_programs(("agentops-gateway", "agentops-collector"))
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}
    programs = [ROOT / "build" / "bin" / f"agentops-{name}" for name in ("gateway", "collector")]
    with tempfile.TemporaryDirectory() as directory:
        load = Path(directory) / "load"
        command([compiler(), "build", "-buildvcs=false", "-o", load, "./gateway/bench"], cwd=ROOT / "dataplane", env=env)
        text = command([load, "scaling", *programs])
    for line in text.splitlines():
        yield _figure(**json.loads(line))
    test = ["test", "-tags=bench", "-count=1", "-run", "TestWhatASpanCostsTheRelay", "-v", "./collector"]
    found = RELAY.search(command([compiler(), *test], cwd=ROOT / "dataplane", env=env))
    assert found is not None, "the relay's cost is not in the output of its test"
    yield _figure("CPU of the relay per span", float(found[1]) / 1000, "ms")


def _figure(name: str, value: float, unit: str) -> Figure:
    method = next((text for start, text in METHODS.items() if name.startswith(start)), LOADED)
    return Figure(GROUP, name, round(value, 4), unit, method=method)
