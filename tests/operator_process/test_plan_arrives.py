"""How a changed limit reaches replicas of the gateway: through the API server, at once, and past everything that may be away."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.plans import zone_at_noon
from tests.operator_process.control_plane import ControlPlane
from tests.operator_process.gateway_process import GatewayProcess
from tests.operator_process.process import OperatorProcess
from tests.operator_process.test_gateway import GROUP, apply, fallback
from tests.operator_process.test_process import agent, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
Start = Callable[..., OperatorProcess]
WITHIN, SPENT = 1000, 2


@pytest.fixture
def replicas(control_plane: ControlPlane, tmp_path: Path) -> Iterator[list[GatewayProcess]]:
    """Two gateways with one store that follow their plan with the rights of the chart; no kubelet brings them anything."""
    made = [GatewayProcess(control_plane, tmp_path, follows=True)]
    made[0].mount_secret()
    try:
        made[0].start()
        made.append(made[0].replica())
        yield made
    finally:
        for gateway in reversed(made):
            gateway.stop()


def budget(limit: int) -> dict[str, Any]:
    """So many calls a day."""
    return {"unit": "Requests", "limit": str(limit), "window": {"kind": "Day", "timeZone": zone_at_noon()}}


def answers(replicas: list[GatewayProcess], wanted: int) -> bool:
    """Whether every replica answers a call with this status."""
    return all(_status(gateway) == wanted for gateway in replicas)


def _status(gateway: GatewayProcess) -> int:
    try:
        return gateway.chat("rt-a", "billing")[0]
    except OSError:
        return 0  # it does not listen yet


def test_changed_limit_is_in_effect_on_every_replica_without_the_kubelet(
    control_plane: ControlPlane, start: Start, replicas: list[GatewayProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    """A lower limit refuses on each of them, an API server that is away takes nothing back, and what it missed comes after it."""
    operator = start(**replicas[0].operator_settings())
    control_plane.apply(f"{GROUP}/rt-a/agents/billing", agent("billing"))
    fallback(control_plane, replicas[0].ports["provider"], "chat")
    apply(control_plane, "Budget", "budgets", "daily", "rt-a", budget(WITHIN))
    until("both replicas answer", lambda: answers(replicas, 200))
    until("the limit is used up", lambda: answers(replicas, 200))
    began = time.monotonic()
    apply(control_plane, "Budget", "budgets", "daily", "rt-a", budget(SPENT))
    until("both replicas refuse", lambda: answers(replicas, 429))
    with capsys.disabled():
        sys.stdout.write(f"\na limit in effect on {len(replicas)} replicas {time.monotonic() - began:.2f} s after its change\n")
    assert [gateway.state()["plan"]["source"] for gateway in replicas] == ["Config", "Config"]
    control_plane.kill("kube-apiserver")
    assert answers(replicas, 429)
    operator.stop()
    control_plane.start_api_server()
    start("two", **replicas[0].operator_settings())
    apply(control_plane, "Budget", "budgets", "daily", "rt-a", budget(WITHIN))
    until("both replicas answer again", lambda: answers(replicas, 200))
