"""Which version of an Agent's part of the plan is in force, when only digests of whole plans are seen."""

from agentops_operator.runtime.gateway_progress import GatewayProgress


def test_row_is_in_force_once_every_replica_runs_a_plan_that_holds_it() -> None:
    """One replica behind the others holds it back."""
    progress = GatewayProgress()
    progress.written("p1", {"shop/a": "a1"})
    assert progress.row("shop/a") == ""
    assert progress.observed(["p1", "other"]) == set()
    assert progress.observed(["p1", "p1"]) == {"shop/a"}
    assert progress.row("shop/a") == "a1"


def test_change_of_one_agent_touches_no_other() -> None:
    """The digest of the plan changes with every Agent; those that stayed as they were stay in force meanwhile."""
    progress = GatewayProgress()
    progress.written("p1", {"shop/a": "a1", "shop/b": "b1"})
    progress.observed(["p1"])
    progress.written("p2", {"shop/a": "a2", "shop/b": "b1"})
    assert (progress.row("shop/a"), progress.row("shop/b")) == ("a1", "b1")
    assert progress.observed(["p1"]) == set()
    assert progress.observed(["p2"]) == {"shop/a"}
    assert (progress.row("shop/a"), progress.row("shop/b")) == ("a2", "b1")


def test_agent_that_left_the_plan_is_not_in_force() -> None:
    """Its calls are refused from then on."""
    progress = GatewayProgress()
    progress.written("p1", {"shop/a": "a1"})
    progress.observed(["p1"])
    progress.written("p2", {})
    assert progress.observed(["p2"]) == {"shop/a"}
    assert progress.row("shop/a") == ""


def test_plan_that_comes_back_is_the_newest_again() -> None:
    """Undone within a second: a replica that never took the change runs what is wanted."""
    progress = GatewayProgress()
    progress.written("p1", {"shop/a": "a1"})
    progress.observed(["p1"])
    progress.written("p2", {"shop/a": "a2"})
    progress.written("p1", {"shop/a": "a1"})
    progress.observed(["p1"])
    assert progress.row("shop/a") == "a1"


def test_nothing_grows_with_the_number_of_plans() -> None:
    """A plan a second for a day leaves no history behind."""
    progress = GatewayProgress()
    for number in range(1000):
        progress.written(f"p{number}", {"shop/a": f"a{number}", "shop/b": "b"})
        progress.observed([f"p{number}"])
    assert len(progress._plans) == 1
    assert all(len(history) == 1 for history in progress._rows.values())
