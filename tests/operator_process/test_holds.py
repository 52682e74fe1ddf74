"""A held run, with operator, gateway and Redis as real processes: recorded, decided on by the command line, and going on."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.runner import run
from tests.operator_process.control_plane import ControlPlane
from tests.operator_process.gateway_process import GatewayProcess
from tests.operator_process.process import OperatorProcess
from tests.operator_process.test_gateway import GROUP, fallback
from tests.operator_process.test_process import agent, until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:Unverified HTTPS request"),  # the test's own API server has a certificate of the moment
]
Start = Callable[..., OperatorProcess]
HOLDS = f"{GROUP}/rt-a/runholds"


def holding(plane: ControlPlane, gateway: GatewayProcess, **execution: Any) -> None:
    """An Agent whose runs are held after two calls, and models for it and for a person who takes over."""
    found = agent("billing")
    found["spec"]["execution"] = {"run": {"steps": {"max": 2, "action": "Hold"}}, "takeOver": {"model": "person"}, **execution}
    plane.apply(f"{GROUP}/rt-a/agents/billing", found)
    fallback(plane, gateway.ports["provider"], "chat", "person")
    until("first call", lambda: gateway.chat("rt-a", "billing", run="first")[0] == 200)


def code(answer: tuple[int, dict[str, Any]]) -> str:
    """Code of an error; empty for an answer."""
    error = answer[1].get("error") or {}
    return str(error.get("code", ""))


def hold_of(plane: ControlPlane, run_id: str) -> dict[str, Any]:
    """The newest RunHold of a run."""
    items = [item for item in (plane.get(HOLDS) or {})["items"] if item["spec"]["run"] == run_id]
    return max(items, key=lambda item: item["spec"]["number"]) if items else {}


def said(body: dict[str, Any], kind: str) -> tuple[str, str]:
    """Status and reason of a condition."""
    entries = (body.get("status") or {}).get("conditions") or []
    return next(((entry["status"], entry["reason"]) for entry in entries if entry["type"] == kind), ("", ""))


def held(plane: ControlPlane, gateway: GatewayProcess, run_id: str) -> dict[str, Any]:
    """Lets a run reach its limit, and waits for its record."""
    until("held", lambda: code(gateway.chat("rt-a", "billing", run=run_id)) == "run_held")
    until("record", lambda: said(hold_of(plane, run_id), "Enforced") == ("True", "RunHeld"))
    return hold_of(plane, run_id)


def test_held_run_is_resumed_taken_over_and_cancelled(control_plane: ControlPlane, start: Start, gateway: GatewayProcess) -> None:
    """Each decision of the command line changes what the run's next call gets, and the record says so."""
    start(**gateway.operator_settings())
    holding(control_plane, gateway)
    record = held(control_plane, gateway, "order-1")
    status = record["status"]
    assert (status["reason"], status["used"], status["limit"], status["steps"]) == ("MaxSteps", "2", "2", 2)
    assert float(status["cost"]) > 0
    flags = ("-n", "rt-a", "--kubeconfig", str(control_plane.kubeconfig))
    assert run("run", "list", *flags).exit_code == 1

    result = run("run", "resume", "order-1", "--steps", "1", "--note", "fine", *flags)
    assert result.exit_code == 0, result.output
    assert gateway.chat("rt-a", "billing", run="order-1")[0] == 200
    until("read back", lambda: said(hold_of(control_plane, "order-1"), "Enforced") == ("True", "RunResumed"))

    second = held(control_plane, gateway, "order-1")
    assert (second["spec"]["number"], second["metadata"]["name"] != record["metadata"]["name"]) == (2, True)
    assert run("run", "takeover", "order-1", *flags).exit_code == 0
    until("a person's model answers", lambda: gateway.chat("rt-a", "billing", run="order-1")[0] == 200)
    until("read back", lambda: said(hold_of(control_plane, "order-1"), "Enforced") == ("True", "RunTakenOver"))
    assert run("run", "cancel", "order-1", *flags).exit_code == 0
    assert code(gateway.chat("rt-a", "billing", run="order-1")) == "run_cancelled"
    until("over", lambda: said(hold_of(control_plane, "order-1"), "Enforced") == ("True", "RunCancelled"))
    assert run("run", "list", *flags).exit_code == 0


def test_restart_in_between_writes_nothing_twice_and_loses_no_decision(
    control_plane: ControlPlane, start: Start, gateway: GatewayProcess
) -> None:
    """A decision that was made while no operator ran is passed on by the next one."""
    one = start("one", **gateway.operator_settings())
    holding(control_plane, gateway)
    record = held(control_plane, gateway, "order-2")
    one.stop()
    decision = {"verb": "Resume", "more": {"steps": 5}, "by": "test-admin"}
    path = f"{HOLDS}/{record['metadata']['name']}"
    control_plane.request("PATCH", path, {"spec": {"decision": decision}}, "application/merge-patch+json")
    assert code(gateway.chat("rt-a", "billing", run="order-2")) == "run_held"
    start("two", **gateway.operator_settings())
    until("passed on", lambda: said(hold_of(control_plane, "order-2"), "Enforced") == ("True", "RunResumed"))
    assert gateway.chat("rt-a", "billing", run="order-2")[0] == 200
    assert len([item for item in (control_plane.get(HOLDS) or {})["items"] if item["spec"]["run"] == "order-2"]) == 1


def test_hold_that_nobody_decides_on_expires(control_plane: ControlPlane, start: Start, gateway: GatewayProcess) -> None:
    """The gateway cancels by itself, and the record says that nobody decided."""
    start(**gateway.operator_settings())
    holding(control_plane, gateway, holdExpirySeconds=12)
    held(control_plane, gateway, "order-3")  # before it expires, which a busy machine must have the time for
    until("expired", lambda: said(hold_of(control_plane, "order-3"), "Enforced") == ("True", "HoldExpired"), 40)
    assert code(gateway.chat("rt-a", "billing", run="order-3")) == "run_cancelled"


def test_state_store_that_is_away_keeps_a_decision_waiting(
    control_plane: ControlPlane, start: Start, gateway: GatewayProcess
) -> None:
    """It is told, and passed on as soon as the store is back."""
    start(**gateway.operator_settings())
    holding(control_plane, gateway)
    record = held(control_plane, gateway, "order-4")
    gateway.stop_one("redis")
    flags = ("-n", "rt-a", "--kubeconfig", str(control_plane.kubeconfig), "--wait", "0")
    assert run("run", "cancel", "order-4", *flags).exit_code == 0
    until("told", lambda: said(hold_of(control_plane, "order-4"), "Programmed") == ("False", "StateStoreDown"))
    gateway.start_again("redis")
    until("taken", lambda: said(hold_of(control_plane, "order-4"), "Programmed") == ("True", "Programmed"))
    assert hold_of(control_plane, "order-4")["metadata"]["uid"] == record["metadata"]["uid"]
