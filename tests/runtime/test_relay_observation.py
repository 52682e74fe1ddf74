"""What of the relay's words is a reason to look at every Agent again."""

from agentops_operator.runtime.observations import Replica, merged_relay


def make_replica(table: str, error: str = "") -> Replica:
    """A replica that answered, with this identity table and this error of its configuration."""
    return Replica(answered=True, relay={"agentsDigest": table, "config": {"digest": "sha256:c", "error": error}})


def test_new_identity_table_alone_wakes_nobody() -> None:
    """Each new Agent changes the table; were that a change of the relay, one Agent would wake all others."""
    assert merged_relay([make_replica("sha256:1")], "") == merged_relay([make_replica("sha256:2")], "")


def test_refused_configuration_is_a_change() -> None:
    """What every Agent's Programmed rests on wakes them."""
    assert merged_relay([make_replica("sha256:1")], "") != merged_relay([make_replica("sha256:1", "bad")], "")
