"""A crowd spends budgets at three gateways while Redis and gateways die: nobody passes a limit, and nothing is charged twice."""

import os

import pytest

from conformance.crowd import CLIENTS, QUESTION, REPLICAS, Crowd, crowd_plan
from conformance.lab import Lab
from conformance.plans import MODEL
from conformance.proves import proves
from demo.fake_provider.conversation import from_openai

ORPHANS = 300.0
"""Seconds after which the last reservation of a gateway that was killed is charged."""


async def _spends(lab: Lab, calls: int, patience: float) -> None:
    lab.provider.answers((".*", "ok!!"))  # of one token: no limit makes it shorter, so every call costs the same
    cost = from_openai({"model": MODEL, "messages": QUESTION}).tokens + 5
    spending = crowd_plan(lab, calls, cost)
    limits = {name: entry["limit"] for name, entry in spending["budgets"].items()}
    lab.start(spending, replicas=REPLICAS)
    crowd = Crowd(lab, calls, limits)
    await crowd.spend()
    use, bill = await crowd.settled(patience), lab.provider.bill("a")
    team, counted = use["team"], use["calls"]
    print(f"{CLIENTS} clients, {REPLICAS} gateways, {calls} calls: {crowd.told()}; limit {limits['team']}; {bill=}; {team=}")
    assert crowd.overdrawn == []
    assert crowd.refused > 0
    assert crowd.killed > 1
    assert team["used"] + team["reserved"] <= limits["team"]
    # What is no estimate is exact, and each call is in it once.
    assert team["used"] - team["estimated"] == cost * (counted["used"] - counted["estimated"])
    # The rest of the bill are calls of gateways that died: estimates, or still reserved.
    assert team["used"] - team["estimated"] <= bill["microUsd"] <= team["used"] + team["reserved"]
    assert counted["used"] - counted["estimated"] <= bill["calls"] <= counted["used"] + counted["reserved"]
    assert crowd.answered <= bill["calls"]
    assert crowd.answered <= counted["used"] + counted["reserved"]
    if patience:
        assert team["reserved"] == 0


@proves("accounting/overshoot", "accounting/equals-bill", "state/store-restart", "state/gateway-killed", "state/replicas")
async def test_crowd_passes_no_limit_while_everything_dies(lab: Lab) -> None:
    """Some calls, and a death or two of each."""
    await _spends(lab, 2000, patience=0)


@pytest.mark.soak
@proves("accounting/overshoot", "accounting/equals-bill")
async def test_crowd_passes_no_limit_in_a_hundred_thousand_calls(lab: Lab) -> None:
    """The same for longer, until every orphan is charged."""
    await _spends(lab, int(os.environ.get("SOAK_CALLS", "100000")), ORPHANS)
