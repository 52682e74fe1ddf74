"""From a held run to its record, the decision and what came of it, through the whole runtime with a gateway in its hands."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client.samples import Sample

from agentops_operator.agent.holds.decision import Delivery, Result
from agentops_operator.agent.holds.record import KEPT, MOST_OPEN
from agentops_operator.agent.holds.types import RunState
from agentops_operator.agent.holds.waiting import RunNow
from tests.runtime.bodies import agent_body, body
from tests.runtime.test_gateway import SETTINGS
from tests.runtime.world import World

HELD, TAKEN_OVER = RunState.HELD, RunState.TAKEN_OVER
TAKEN = Delivery(Result.TAKEN)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An operator with a gateway, and an Agent."""
    world = World(compile_settings=SETTINGS, link="https://desk.example/{agent}?run={run}")
    world.gateway.states = {"10.0.0.1": {"plan": {"digest": "", "error": ""}, "store": {"state": "Ready"}}}
    world.show(agent_body())
    yield world
    await world.stop()


def hold(run: str = "order-1", number: int = 1, **more: Any) -> dict[str, Any]:
    """A held run as the gateway lists it."""
    entry = {
        "agent": "shop/billing",
        "run": run,
        "number": number,
        "state": "Held",
        "reason": "MaxSteps",
        "limit": 3,
        "used": 3,
        "budget": "",
        "since": "2026-11-23T10:00:00Z",
        "expires": "2026-11-24T10:00:00Z",
        "usage": {"steps": 3, "tokens": 900, "microUSD": 1500, "wallClockMilliseconds": 4000},
    }
    return {**entry, **more}


def waits(world: World, *entries: dict[str, Any]) -> None:
    """The gateway lists these, and says the same of each run when it is asked for it alone."""
    world.holds.waiting = list(entries)
    for entry in entries:
        world.holds.runs[f"{entry['agent']} {entry['run']}"] = RunNow(RunState(entry["state"]), entry["number"])


def becomes(world: World, state: RunState, run: str = "order-1", number: int = 1, *, expired: bool = False) -> None:
    """The run does not wait any more."""
    world.holds.waiting = [entry for entry in world.holds.waiting if entry["run"] != run]
    world.holds.runs[f"shop/billing {run}"] = RunNow(state, number, expired)


def records(world: World) -> list[dict[str, Any]]:
    """All RunHolds of the cluster."""
    return [obj for ref, obj in world.cluster.objects.items() if ref.kind == "RunHold"]


def decide(world: World, verb: str, **more: Any) -> None:
    """A person decides on the only record, and admission writes who it was."""
    (stored,) = records(world)
    decision = {"verb": verb, "by": "eve", **more}
    generation = stored["metadata"].get("generation", 1) + 1
    metadata = {**stored["metadata"], "generation": generation}
    world.show({**stored, "metadata": metadata, "spec": {**stored["spec"], "decision": decision}})


def said(world: World, kind: str) -> tuple[str, str]:
    """Status and reason of a condition of the only record."""
    (stored,) = records(world)
    entries = stored.get("status", {}).get("conditions", [])
    return next(((entry["status"], entry["reason"]) for entry in entries if entry["type"] == kind), ("", ""))


def writes(world: World) -> dict[str, int]:
    """Writes of RunHolds, by verb."""
    return {call.split()[0]: count for call, count in world.cluster.calls.items() if call.endswith(" RunHold") and count}


async def test_held_run_becomes_a_record_with_one_create_and_one_status(world: World) -> None:
    """It says why, what it cost and until when; neither time, nor a relist, nor a restart writes it again."""
    waits(world, hold())
    await world.run(30)
    (record,) = records(world)
    assert record["spec"] == {"agent": "billing", "run": "order-1", "number": 1}
    assert "ownerReferences" not in record["metadata"]
    status = {name: record["status"][name] for name in ("state", "reason", "limit", "used", "cost", "expires")}
    assert status == {
        "state": "Held", "reason": "MaxSteps", "limit": "3", "used": "3", "cost": "0.0015", "expires": "2026-11-24T10:00:00Z",
    }  # fmt: skip
    assert said(world, "Accepted") == ("True", "Accepted")
    assert said(world, "Programmed") == ("False", "AwaitingDecision")
    assert said(world, "Enforced") == ("True", "RunHeld")
    world.echo()
    await world.run(30)
    made = writes(world)
    assert (made["create"], made["status"]) == (1, 1)
    second = await world.restart()
    await second.run(30)
    assert {verb for verb in writes(second) if verb != "get"} == set()
    await second.stop()


async def test_hold_of_a_budget_names_it_and_its_unit(world: World) -> None:
    """Millionths of a dollar are nothing that a person reads."""
    world.show(body("Budget", "daily", spec={"limit": "10"}))
    waits(world, hold(reason="BudgetHold", budget="shop/daily", limit=10_000_000, used=9_500_000))
    await world.run()
    status = {name: records(world)[0]["status"][name] for name in ("reason", "budget", "limit", "used")}
    assert status == {"reason": "BudgetHold", "budget": "shop/daily", "limit": "10 USD", "used": "9.5 USD"}


async def test_replica_that_hangs_is_passed_over(world: World) -> None:
    """Any other reads the same store."""
    world.holds.broken = "10.0.0.0"
    waits(world, hold())
    await world.run()
    assert said(world, "Enforced") == ("True", "RunHeld")


async def test_people_are_told_once_of_the_agent_and_of_the_record(world: World) -> None:
    """The Event names agent, run, cost, limit, expiry, the command that decides and the link."""
    waits(world, hold())
    await world.run(30)
    events = [obj for ref, obj in world.cluster.objects.items() if ref.kind == "Event" and obj["reason"] == "RunHeld"]
    assert sorted(event["regarding"]["kind"] for event in events) == ["Agent", "RunHold"]
    note = events[0]["note"]
    assert "run order-1 of Agent billing is held: MaxSteps, 3 of 3 used, 0.0015 USD so far; until 2026-11-24T10:00:00Z" in note
    assert "kubectl agentops run resume billing-" in note
    assert note.endswith("; read more at https://desk.example/billing?run=order-1")


async def test_decision_is_passed_on_and_read_back(world: World) -> None:
    """The gateway is told once, and the record says what it made of it."""
    waits(world, hold())
    await world.run()
    world.holds.answers = [TAKEN]
    becomes(world, RunState.RUNNING)
    decide(world, "Resume", more={"steps": 5, "usd": "0.50", "seconds": 9}, note="fine")
    await world.run(30)
    (sent,) = world.holds.decisions
    (record,) = records(world)
    assert sent == {
        "id": f"{record['metadata']['uid']}:1:Resume",
        "agent": "shop/billing",
        "run": "order-1",
        "hold": 1,
        "verb": "Resume",
        "more": {"steps": 5, "tokens": 0, "microUSD": 500000, "wallClockMilliseconds": 9000},
        "by": "eve",
        "note": "fine",
    }
    assert said(world, "Programmed") == ("True", "Programmed")
    assert said(world, "Enforced") == ("True", "RunResumed")
    assert (record["status"]["decidedBy"], record["status"]["delivered"]) == ("eve", "Resume")
    assert record["status"]["state"] == "Running"
    assert "endedAt" in record["status"]
    second = await world.restart()
    await second.run(30)
    assert len(second.holds.decisions) == 1
    await second.stop()


async def test_decision_is_sent_until_the_gateway_takes_it_under_the_same_id(world: World) -> None:
    """A store that is away loses no decision, and a repeated one is the same one."""
    waits(world, hold())
    await world.run()
    world.holds.answers = [Delivery(Result.STORE_DOWN, "the state store is away"), Delivery(Result.UNREACHABLE, "x"), TAKEN]
    decide(world, "Cancel")
    await world.run(1)
    assert said(world, "Programmed") == ("False", "StateStoreDown")
    await world.run(8)
    becomes(world, RunState.CANCELLED)
    await world.run(30)
    assert len(world.holds.decisions) == 3
    assert len({sent["id"] for sent in world.holds.decisions}) == 1
    assert said(world, "Enforced") == ("True", "RunCancelled")


async def test_decision_whose_answer_was_lost_counts_as_taken(world: World) -> None:
    """The gateway shows the id of the decision that it took."""
    waits(world, hold())
    await world.run()
    world.holds.answers = [Delivery(Result.UNREACHABLE, "connection lost")]
    world.holds.waiting = []
    decision = f"{records(world)[0]['metadata']['uid']}:1:Resume"
    world.holds.runs["shop/billing order-1"] = RunNow(RunState.RUNNING, 1, decision=decision)
    decide(world, "Resume")
    await world.run(20)
    assert said(world, "Programmed") == ("True", "Programmed")
    assert said(world, "Enforced") == ("True", "RunResumed")


async def test_hold_that_was_over_before_the_decision_came_says_so(world: World) -> None:
    """It expired while the gateway could not be reached; nothing is tried for ever."""
    waits(world, hold())
    await world.run()
    world.holds.answers = [Delivery(Result.UNREACHABLE, "connection lost")]
    becomes(world, RunState.CANCELLED, expired=True)
    decide(world, "Resume")
    await world.run(20)
    assert said(world, "Accepted") == ("False", "DecisionLate")
    assert said(world, "Enforced") == ("True", "HoldExpired")


async def test_run_that_was_taken_over_is_given_back_later(world: World) -> None:
    """TakeOver leaves the record open; Resume after it is a decision of its own."""
    waits(world, hold())
    await world.run()
    world.holds.answers = [TAKEN]
    waits(world, hold(state="TakenOver", expires=None))
    decide(world, "TakeOver")
    await world.run()
    assert said(world, "Enforced") == ("True", "RunTakenOver")
    assert "endedAt" not in records(world)[0]["status"]
    becomes(world, RunState.RUNNING)
    decide(world, "Resume")
    await world.run()
    assert [sent["verb"] for sent in world.holds.decisions] == ["TakeOver", "Resume"]
    assert said(world, "Enforced") == ("True", "RunResumed")


@pytest.mark.parametrize(
    ("result", "reason", "words"),
    [
        (Result.LATE, "DecisionLate", "Nothing is to be done; if the run is held anew, decide on its newer RunHold"),
        (Result.GONE, "RunGone", "Nothing is to be done"),
        (Result.INVALID, "Invalid", "the hold ends when it expires"),
    ],
)
async def test_decision_that_the_gateway_refuses_says_what_to_do(world: World, result: Result, reason: str, words: str) -> None:
    """It is not sent for ever, also not after a restart."""
    waits(world, hold())
    await world.run()
    world.holds.answers = [Delivery(result, "the run is Cancelled")]
    if result is not Result.INVALID:
        becomes(world, RunState.CANCELLED)
    decide(world, "Resume")
    await world.run(30)
    assert said(world, "Accepted") == ("False", reason)
    (record,) = records(world)
    assert words in next(entry["message"] for entry in record["status"]["conditions"] if entry["type"] == "Accepted")
    second = await world.restart()
    await second.run(30)
    assert len(second.holds.decisions) == 1
    await second.stop()


async def test_hold_that_expires_says_so(world: World) -> None:
    """The gateway cancels by itself, and the record tells it."""
    waits(world, hold())
    await world.run()
    becomes(world, RunState.CANCELLED, expired=True)
    await world.run()
    assert said(world, "Enforced") == ("True", "HoldExpired")
    assert said(world, "Programmed") == ("True", "Programmed")


async def test_hold_that_ended_while_nobody_watched_is_closed_after_a_restart(world: World) -> None:
    """What the gateway forgot is told as forgotten."""
    waits(world, hold())
    await world.run()
    world.holds.waiting, world.holds.runs = [], {}
    second = await world.restart()
    await second.run()
    assert said(second, "Enforced") == ("Unknown", "RunGone")
    await second.stop()


async def test_decision_of_nobody_is_not_passed_on(world: World) -> None:
    """Without an admission policy anybody with patch could decide."""
    waits(world, hold())
    await world.run()
    decide(world, "Resume", by="")
    await world.run()
    assert said(world, "Accepted") == ("False", "DeciderUnknown")
    assert world.holds.decisions == []


async def test_flood_of_held_runs_makes_no_more_records_than_the_cap(world: World) -> None:
    """The rest is counted in the Agent's status and in the metric; a decision makes room for one more."""
    waits(world, *(hold(f"order-{number}") for number in range(MOST_OPEN + 7)))
    await world.run(30)
    assert len(records(world)) == MOST_OPEN
    assert world.status("Agent", "billing")["unlistedHolds"] == 7
    labels = {"namespace": "shop", "agent": "billing", "state": "Held"}
    assert world.metrics.registry.get_sample_value("agentops_held_runs", labels) == MOST_OPEN + 7
    assert len(named_series(world)) == MOST_OPEN
    assert writes(world)["create"] == MOST_OPEN
    becomes(world, RunState.CANCELLED, records(world)[0]["spec"]["run"], expired=True)
    await world.run(30)
    assert len(records(world)) == MOST_OPEN + 1
    assert world.status("Agent", "billing")["unlistedHolds"] == 6


async def test_old_records_go(world: World) -> None:
    """A run that is held again and again leaves as many records as are kept."""
    for number in range(1, KEPT + 4):
        waits(world, hold(number=number))
        await world.run()
        becomes(world, RunState.RUNNING, number=number)
        await world.run()
    kept = sorted(record["spec"]["number"] for record in records(world))
    assert kept[-1] == KEPT + 3
    assert len(kept) == KEPT


async def test_odd_and_forged_entries_make_no_record(world: World) -> None:
    """Run ids come from clients, and an Agent that does not exist has no record."""
    odd = [hold("a b"), hold("x" * 129), hold("{{x}}"), hold("é"), hold(agent="nobody"), hold(agent="shop/ghost"), hold(number=0)]
    waits(world, *odd, hold("a.B_c:9-d/e"))
    await world.run()
    (record,) = records(world)
    assert record["spec"]["run"] == "a.B_c:9-d/e"
    assert record["metadata"]["labels"]["agentops.dev/agent"] == "billing"


async def test_gateway_that_is_away_leaves_enforced_unknown(world: World) -> None:
    """Three misses in a row, not one."""
    waits(world, hold())
    await world.run()
    world.holds.away = True
    await world.run(6)
    assert said(world, "Enforced") == ("True", "RunHeld")
    await world.run(20)
    assert said(world, "Enforced") == ("Unknown", "GatewayUnreachable")
    world.holds.away = False
    await world.run(20)
    assert said(world, "Enforced") == ("True", "RunHeld")


async def test_record_of_a_run_that_waits_is_made_again_when_somebody_deletes_it(world: World) -> None:
    """Or the run would wait for nobody."""
    waits(world, hold())
    await world.run()
    world.remove(records(world)[0])
    await world.run()
    assert len(records(world)) == 1


async def test_held_run_is_named_with_its_cost_until_somebody_decided(world: World) -> None:
    """The alert names agent, run, cost so far and limit; it ends with the hold."""
    waits(world, hold())
    await world.run()
    (series,) = named_series(world)
    status = records(world)[0]["status"]
    told = {name: series.labels[name] for name in ("namespace", "agent", "hold", "run", "reason", "limit")}
    assert told == {
        "namespace": "shop",
        "agent": "billing",
        "hold": records(world)[0]["metadata"]["name"],
        "run": records(world)[0]["spec"]["run"],
        "reason": status["reason"],
        "limit": status["limit"],
    }
    assert series.value == float(status["cost"])
    becomes(world, RunState.RUNNING)
    await world.run(30)
    assert named_series(world) == []


def named_series(world: World) -> list[Sample]:
    """Series that name a run."""
    return [
        sample
        for family in world.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "agentops_run_hold_cost_usd"
    ]
