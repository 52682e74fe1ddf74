"""What the gateway adds to a call, and what it takes: a process of its own under load from another one."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import litellm
from bench.figure import Figure, at_least, at_most
from demo.images import ROOT, build_programs
from devcluster.commands import run as command
from devcluster.golang import compiler

GROUP = "gateway"
LOADED = "identity, limits on Redis (appendfsync always, in memory), guardrails in and out, spans; all on one machine"
STEADY = f"500 calls a second of 560 bytes, 4 rounds of 3 s in turns with direct calls; {LOADED}"
FULL = f"16 calls open for 6 s; {LOADED}"
ONE_BY_ONE = f"longest of 100 calls (10 with the time-out), one after the other, of which A fails each and B answers; {LOADED}"
AGAINST = (
    "16 calls open for 3 s, twice in turns: direct, the gateway with all of its own, and LiteLLM's proxy ({version}) with one "
    "worker, without callbacks, keys, limits, masking and spans"
)
PROBED = "limits of 1,000 Agents, 1,000 budgets and 200 aliases, each met once; at work 20 a second at most, again after 10 min"
RELOADED = "another plan of 1,000 Agents, 1,000 budgets and 200 aliases each second for 12 s, while 16 calls are open"
LENT = "500 calls a second, 4 rounds of 3 s in turns with the same calls to a target that the gateway asks itself"
MOST = {
    "ready": (0.5, "from the start of the process to readyz, third start"),
    "added p50": (1.5, STEADY),
    "added p99": (8.0, STEADY),
    "failed calls at a steady rate": (0, STEADY),
    "CPU per call": (0.4, f"user and system time of the process; {FULL}"),
    "failed calls": (0, FULL),
    "failed streams": (0, FULL),
    "RSS under load": (80, "VmHWM after all of it"),
    "failover beyond a 500": (200, ONE_BY_ONE),
    "failover beyond a reset": (200, ONE_BY_ONE),
    "failover beyond a timeout": (200, f"{ONE_BY_ONE}; beyond the time-out of 300 ms itself"),
    "guardrails on 8 KB, p99": (5.0, "5,000 times the rules of an attack, harmful output and three packs"),
    "failed probes": (0, PROBED),
    "failed calls while plans reload": (0, RELOADED),
}
LEAST = {
    "streams a second": (800, f"50 parts of text each; {FULL}"),
    "calls a second, times LiteLLM's": (20, AGAINST),
}


def run() -> Iterator[Figure]:
    """Yields the figures."""
    build_programs(("agentops-gateway",))
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "load"
        env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}
        command([compiler(), "build", "-buildvcs=false", "-o", program, "./gateway/bench"], cwd=ROOT / "dataplane", env=env)
        other = litellm.program()
        text = command([program, ROOT / "build" / "bin" / "agentops-gateway", *([other] if other else [])])
    for line in text.splitlines():
        yield _figure(**json.loads(line))
    if not other:
        ci = os.environ.get("CI") == "true"
        yield Figure(GROUP, "LiteLLM", 0, "", "measured", False if ci else None, "NOT MEASURED: it cannot be installed here")


def _figure(name: str, value: float, unit: str) -> Figure:
    if name in MOST:
        limit, method = MOST[name]
        return at_most(GROUP, name, value, unit, limit, method)
    if name in LEAST:
        limit, method = LEAST[name]
        return at_least(GROUP, name, value, unit, limit, method.format(version=litellm.version()))
    if name.startswith("fsync"):
        return Figure(GROUP, name, round(value, 3), unit, method="a call waits for two of them where Redis writes to this disk")
    if "LiteLLM" in name or "direct calls" in name or "part of direct" in name:
        return Figure(GROUP, name, round(value, 3), unit, method=AGAINST.format(version=litellm.version()))
    if "tenant" in name:
        return Figure(GROUP, name, round(value, 3), unit, method=LENT)
    if "reload" in name:
        return Figure(GROUP, name, round(value, 3), unit, method=RELOADED)
    if "probe" in name or "limits met" in name:
        return Figure(GROUP, name, round(value, 3), unit, method=PROBED)
    return Figure(GROUP, name, round(value, 3), unit, method=FULL if "second" in name or "CPU" in name else STEADY)
