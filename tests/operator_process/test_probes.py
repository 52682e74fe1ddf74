"""Probes from end to end: an engine whose limit does not refuse is found out, and only that limit is."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.plans import zone_at_noon
from demo.images import PROGRAMS, ROOT
from devcluster.commands import run
from devcluster.golang import compiler
from tests.operator_process.control_plane import ControlPlane
from tests.operator_process.gateway_process import GatewayProcess
from tests.operator_process.process import OperatorProcess
from tests.operator_process.test_gateway import GROUP, apply, condition, fallback, message
from tests.operator_process.test_process import agent, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
Start = Callable[..., OperatorProcess]
SCRIPT = ROOT / "dataplane" / "limits" / "scripts" / "reserve.lua"
STREAM = ROOT / "dataplane" / "gateway" / "serve" / "stream.go"
WINDOW = "window: c.agent.Output.NewWindow(&c.verdict)"
GUARD = "if limit then return at_limit('MaxSteps'"


def without(folder: Path, source: Path, part: str, instead: str) -> Path:
    """The gateway of this tree, but with something else in the place of a part of a file."""
    text = source.read_text()
    assert part in text
    (folder / source.name).write_text(text.replace(part, instead))
    (folder / "overlay.json").write_text(json.dumps({"Replace": {str(source): str(folder / source.name)}}))
    program = folder / "agentops-gateway"
    flags = ["-trimpath", "-buildvcs=false", "-overlay", folder / "overlay.json"]
    command = [compiler(), "build", *flags, "-o", program, PROGRAMS["agentops-gateway"]]
    run(command, cwd=ROOT / "dataplane", env={**os.environ, "CGO_ENABLED": "0"})
    return program


def test_engine_that_lets_steps_pass_is_found_out(control_plane: ControlPlane, start: Start, tmp_path: Path) -> None:
    """Plan, store and calls are well, and the Agent says which limit did not refuse; the budget beside it holds."""
    gateway = GatewayProcess(control_plane, tmp_path)
    gateway.mount_secret()
    try:
        gateway.start(without(tmp_path, SCRIPT, GUARD, GUARD.replace("if limit", "if false")))
        start(**gateway.operator_settings())
        limited = agent("billing")
        limited["spec"]["execution"] = {"run": {"steps": {"max": 1000}}}
        control_plane.apply(f"{GROUP}/rt-a/agents/billing", limited)
        fallback(control_plane, gateway.ports["provider"], "chat")
        daily = {"unit": "Requests", "limit": "1000", "window": {"kind": "Day", "timeZone": zone_at_noon()}}
        apply(control_plane, "Budget", "budgets", "daily", "rt-a", daily)
        enforced = ("agents", "billing", "rt-a", "Enforced")
        until("found out", lambda: condition(control_plane, *enforced) == ("False", "ProbeFailed"))
        said = message(control_plane, *enforced)
        assert "execution.run.steps (a call past the limit was answered)" in said
        assert gateway.chat("rt-a", "billing")[0] == 200
        until("the budget", lambda: condition(control_plane, "budgets", "daily", "rt-a", "Enforced") == ("True", "Probed"))
    finally:
        gateway.stop()


def test_engine_that_lets_a_secret_in_a_stream_pass_is_found_out(
    control_plane: ControlPlane, start: Start, tmp_path: Path
) -> None:
    """Requests and whole answers are masked and every canary is caught: only calls of its own show what streams let through."""
    gateway = GatewayProcess(control_plane, tmp_path)
    gateway.mount_secret()
    try:
        gateway.start(without(tmp_path, STREAM, WINDOW, "window: nil"))
        start(**gateway.operator_settings())
        control_plane.apply(f"{GROUP}/rt-a/agents/billing", agent("billing"))
        fallback(control_plane, gateway.ports["provider"], "chat")
        spec = {"gateway": {"input": {"detectors": "Mask"}, "output": {"detectors": "Mask"}}}
        apply(control_plane, "MaskingPolicy", "maskingpolicies", "own", "rt-a", spec)
        enforced = ("maskingpolicies", "own", "rt-a", "Enforced")
        until("found out", lambda: condition(control_plane, *enforced) == ("False", "ProbeFailed"))
        said = message(control_plane, *enforced)
        assert "guardrails on answers (what was planted for " in said
        assert "guardrails on requests" not in said
        assert gateway.state()["guardrails"]["leaked"] == {}
    finally:
        gateway.stop()
