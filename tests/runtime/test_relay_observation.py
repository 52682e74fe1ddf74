"""What of the relay's words is a reason to look at every Agent again."""

from agentops_operator.agent.facts import BackendState, RelayObservation
from agentops_operator.runtime.observations import Deliveries, Replica, merged_relay


def make_replica(table: str, error: str = "") -> Replica:
    """A replica that answered, with this identity table and this error of its configuration."""
    return Replica(answered=True, relay={"agentsDigest": table, "config": {"digest": "sha256:c", "error": error}})


def test_new_identity_table_alone_wakes_nobody() -> None:
    """Each new Agent changes the table; were that a change of the relay, one Agent would wake all others."""
    assert merged_relay([make_replica("sha256:1")], "") == merged_relay([make_replica("sha256:2")], "")


def test_refused_configuration_is_a_change() -> None:
    """What every Agent's Programmed rests on wakes them."""
    assert merged_relay([make_replica("sha256:1")], "") != merged_relay([make_replica("sha256:1", "bad")], "")


def seen(state: str) -> RelayObservation:
    """The relay with one backend in this state."""
    return RelayObservation(reachable=True, backends={"home/p/b": BackendState("home/p/b", state)})


def test_backend_that_delivered_still_does_after_a_restart_of_the_relay() -> None:
    """Else every restart would be told as if the backend had never been tried."""
    deliveries = Deliveries()
    told = [deliveries.recalled(seen(state)).backends["home/p/b"].state for state in ("Idle", "Delivering", "Idle")]
    assert told == ["Idle", "Delivering", "Delivering"]
    deliveries.recalled(RelayObservation(reachable=False, error="away"))
    assert deliveries.recalled(seen("Idle")).backends["home/p/b"].state == "Delivering"


def test_backend_that_failed_is_not_remembered_as_delivering() -> None:
    """What it took once says nothing after it failed."""
    deliveries = Deliveries()
    told = [deliveries.recalled(seen(state)).backends["home/p/b"].state for state in ("Delivering", "Failing", "Idle")]
    assert told == ["Delivering", "Failing", "Idle"]
