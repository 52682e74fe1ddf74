"""The metrics that alerts ask for are those that the operator exports."""

import re
from pathlib import Path

from prometheus_client import generate_latest

from agentops_operator.agent.alerts import PLATFORM, RECORDINGS, TENANT
from agentops_operator.agent.facts import Settings
from agentops_operator.agent.holds.types import RunState
from agentops_operator.runtime.gauges import STATES
from agentops_operator.runtime.hold_cache import HoldCache
from agentops_operator.runtime.hold_series import HoldSeries
from agentops_operator.runtime.metrics import CONTROLLER, Metrics
from agentops_operator.runtime.store import Store
from agentops_operator.runtime.usage_observer import GatewaySeries

RELAYS = {
    "agentops_mask_leaks",
    "agentops_mask_dropped_total",
    "agentops_backend_up",
    "agentops_calls_direct_total",
    "agentops_relay_refused_total",
}
PREFIX = "agentops_gateway_"
GATEWAY = Path(__file__).parents[2] / "dataplane" / "gateway"
METRIC = re.compile(r"\b((?:agentops|controller_runtime|leader_election)_\w+)")
RECORDED = re.compile(r"\bagentops:[\w:]+")


def _asked() -> dict[str, str]:
    """Each metric that an alert asks for, with the alert's expression."""
    return {name: rule.expr for rule in (*RECORDINGS, *TENANT, *PLATFORM) for name in METRIC.findall(rule.expr)}


def test_every_recorded_series_is_recorded_and_used() -> None:
    """An alert on a series that no rule records never fires."""
    asked = {name for alert in (*TENANT, *PLATFORM) for name in RECORDED.findall(alert.expr)}
    assert asked == {series.name for series in RECORDINGS}


def test_every_metric_is_exported() -> None:
    """An alert on a metric that nobody exports never fires, and nobody notices."""
    registry = Metrics().registry
    GatewaySeries(registry, Store(Settings()))
    HoldSeries(registry, HoldCache({}))
    exported = set(re.findall(r"# TYPE (\w+)", generate_latest(registry).decode()))
    assert set(_asked()) - RELAYS - _gateways() <= exported


def test_leader_is_asked_for_by_the_name_that_it_exports() -> None:
    """Under another name the alert would fire for ever, and without one any other operator's leader would silence it."""
    assert f'leader_election_master_status{{name="{CONTROLLER}"}}' in _asked()["leader_election_master_status"]


def _gateways() -> set[str]:
    """Metrics of the gateway, as its source names them."""
    text = "".join(path.read_text() for path in sorted(GATEWAY.rglob("*.go")))
    return {f"{PREFIX}{name}" for name in re.findall(r'"([a-z][a-z0-9_]+)"', text)}


def test_states_of_pods_are_exported() -> None:
    """A state that was renamed would silence its alert."""
    asked = {state for alert in TENANT for state in re.findall(r'state="(\w+)"', alert.expr)}
    assert asked
    assert asked <= {*STATES, RunState.HELD}


def test_controller_label_is_the_operators() -> None:
    """Other controllers export the same metric; ours is told by its label."""
    assert f'controller="{CONTROLLER}"' in _asked()["controller_runtime_reconcile_errors_total"]
