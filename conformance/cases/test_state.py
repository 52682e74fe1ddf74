"""The store and the gateways die and return, and no count is lost."""

import asyncio
from typing import Any

import pytest

from conformance.caller import CHAT, refused, until_refused
from conformance.cases.test_accounting import LARGE
from conformance.lab import Lab
from conformance.plans import AGENT, MATE, Plan, agent, budget, plan
from conformance.processes import until
from conformance.proves import proves


def _limited(lab: Lab, **fields: Any) -> Plan:
    return plan(lab.targets("a"), budgets={"b1": budget(5, **fields)}, agents={AGENT: agent(budgets=["b1"])})


@proves("state/replicas", "agents.*.execution.run.steps.max")
async def test_replicas_share_the_steps_of_a_run(lab: Lab) -> None:
    """Two at one replica and one at the other are three."""
    steps = agent(execution={"run": {"steps": {"max": 3, "action": "Refuse"}}})
    lab.start(plan(lab.targets("a"), agents={AGENT: steps}), replicas=2)
    for replica in (0, 1, 0):
        await lab.caller(run="run-1", replica=replica).ask()
    assert (await refused(lab.caller(run="run-1", replica=1).ask())).code == "run_steps"


async def _answers_again(lab: Lab) -> None:
    """The first call after the store came back may still find the old connection dead."""
    for _ in range(100):
        try:
            await lab.caller(MATE).ask()
        except Exception:  # noqa: BLE001 (whatever it is, it must end)
            await asyncio.sleep(0.1)
            continue
        return
    raise AssertionError("the gateway does not find the store again")


@proves("state/store-restart")
async def test_counts_survive_the_store(lab: Lab) -> None:
    """It is killed after three of five calls; two are left when it is back."""
    probe = agent(execution={"callsPerMinute": 10_000})
    limited = _limited(lab)
    lab.start({**limited, "agents": {**limited["agents"], MATE: probe}})
    for _ in range(3):
        await lab.caller().ask()
    lab.store.kill()
    lab.store.start()
    await _answers_again(lab)
    answers, error = await until_refused(lambda: lab.caller().ask())
    assert (answers, error.code) == (2, "budget_exhausted")


VERDICTS = [
    pytest.param("Deny", marks=proves("budgets.*.onStateError=Deny")),
    pytest.param("Allow", marks=proves("budgets.*.onStateError=Allow")),
]


@pytest.mark.parametrize("death", ["kill", "freeze"])
@pytest.mark.parametrize("verdict", VERDICTS)
async def test_budget_without_its_store_is_what_the_policy_says(lab: Lab, verdict: str, death: str) -> None:
    """The store dies or hangs between two calls: the next is refused with a word of its own, or passes."""
    lab.start(_limited(lab, onStateError=verdict))
    assert (await until_refused(lambda: lab.caller().ask()))[0] == 5
    getattr(lab.store, death)()
    if verdict == "Allow":
        assert (await lab.caller().ask()).text
        return
    error = await refused(lab.caller().ask())
    assert (error.status, error.code) == (503, "state_unavailable")
    assert lab.provider.bill("a")["calls"] == 5


LIMITS_VERDICTS = [
    pytest.param("Deny", marks=proves("agents.*.execution.onStateError=Deny")),
    pytest.param("Allow", marks=proves("agents.*.execution.onStateError=Allow")),
]


@pytest.mark.parametrize("death", ["kill", "freeze"])
@pytest.mark.parametrize("verdict", LIMITS_VERDICTS)
async def test_limits_without_their_store_are_what_the_policy_says(lab: Lab, verdict: str, death: str) -> None:
    """Limits of runs and of the agent; an agent without any limit needs no store."""
    limits = agent(execution={"run": {"steps": {"max": 1, "action": "Refuse"}}, "onStateError": verdict})
    lab.start(plan(lab.targets("a"), agents={AGENT: limits, MATE: agent()}))
    assert (await until_refused(lambda: lab.caller(run="run-1").ask()))[0] == 1
    getattr(lab.store, death)()
    await lab.caller(MATE).ask()
    if verdict == "Allow":
        assert (await lab.caller(run="run-1").ask()).text
        return
    error = await refused(lab.caller(run="run-1").ask())
    assert (error.status, error.code) == (503, "state_unavailable")


@proves("budgets.*.onStateError=Allow", "accounting/estimates")
async def test_calls_that_passed_without_the_store_are_charged_when_it_is_back(lab: Lab) -> None:
    """What was let through is not forgiven: it appears as an estimate."""
    lab.start(_limited(lab, onStateError="Allow"))
    await lab.caller().ask()
    lab.store.kill()
    for _ in range(2):
        await lab.caller().ask()
    lab.store.start()
    for _ in range(150):
        use = lab.budget_use("b1")
        if use["used"] == 3:
            assert use["estimated"] == 2
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not charged: {use}")


async def _kill_in_flight(lab: Lab) -> None:
    """The gateway dies while a provider works for it, and another one starts."""
    budgets = {"usd": budget(LARGE, "MicroUSD")}
    targets = lab.targets("a", timeoutMilliseconds=3000)
    lab.start(plan(targets, budgets=budgets, agents={AGENT: agent(budgets=["usd"], maxOutputTokens=100)}))
    lab.provider.fault(provider="a", latency=30)
    asking = asyncio.create_task(refused(lab.caller().ask(CHAT)))
    await asyncio.to_thread(until, lambda: lab.budget_use("usd")["reserved"], "the call is not under way")
    lab.replicas[0].kill()
    with pytest.raises(AssertionError, match="connection broke"):
        await asking
    lab.add_replica()


@proves("state/gateway-killed")
async def test_reservation_of_a_gateway_that_was_killed_still_counts(lab: Lab) -> None:
    """Nobody knows yet what the provider did with the call, so nobody else may spend that money."""
    await _kill_in_flight(lab)
    use = lab.budget_use("usd")
    assert use["reserved"] + use["estimated"] >= 500


@pytest.mark.soak
@proves("state/gateway-killed")
async def test_reservation_of_a_gateway_that_was_killed_is_charged_whole(lab: Lab) -> None:
    """Some time after the call must have ended, the whole reservation is an estimate."""
    await _kill_in_flight(lab)
    for _ in range(1200):
        use = lab.budget_use("usd")
        if not use["reserved"]:
            break
        await asyncio.sleep(0.1)
    assert use["used"] == use["estimated"] >= 500
