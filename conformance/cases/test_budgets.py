"""Budgets: what is counted, for whom, until when, and what happens on the way to the limit."""

import asyncio
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from conformance.caller import CHAT, MESSAGES, RESPONSES, WAYS, Way, kind_of, refused, tool_of, until_refused
from conformance.lab import Lab
from conformance.plans import AGENT, CHEAP, MATE, STRANGER, Plan, agent, budget, plan, route
from conformance.proves import proves

UNITS = [
    pytest.param(unit, limit, counts, id=unit, marks=proves(f"budgets.*.unit={unit}"))
    for unit, limit, counts in (
        ("MicroUSD", 600, ("microUsd",)),
        ("Tokens", 300, ("inputTokens", "outputTokens")),
        ("InputTokens", 200, ("inputTokens",)),
        ("OutputTokens", 80, ("outputTokens",)),
        ("Requests", 4, ("calls",)),
    )
]


@proves("budgets.*.limit", "budgets.*.mode=Enforce", "agents.*.budgets[]", "budgets.*.ladder[].action=Block")
@pytest.mark.parametrize(("unit", "limit", "counts"), UNITS)
async def test_no_more_is_used_than_the_budget_holds(lab: Lab, unit: str, limit: int, counts: tuple[str, ...]) -> None:
    """The provider's bill is at most the limit and not far below it; the refusal costs nothing and names the budget."""
    lab.start(plan(lab.targets("a"), budgets={"b1": budget(limit, unit)}, agents={AGENT: agent(budgets=["b1"])}))
    answers, error = await until_refused(lambda: lab.caller().ask())
    used = sum(lab.provider.bill("a")[count] for count in counts)
    assert (error.status, error.code, error.param, error.kind) == (429, "budget_exhausted", "b1", "agentops_policy")
    assert error.headers["x-agentops-denied"] == "budget_exhausted"
    assert answers >= 3
    assert limit / 3 <= used <= limit
    await refused(lab.caller().ask())
    assert sum(lab.provider.bill("a")[count] for count in counts) == used


@proves("budgets.*.limit")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_every_api_spends_from_the_budget(lab: Lab, way: Way) -> None:
    """A budget that one API does not know of is none."""
    targets = lab.targets("a", kind=kind_of(way))
    lab.start(plan(targets, budgets={"b1": budget(500, "MicroUSD")}, agents={AGENT: agent(budgets=["b1"])}))
    _, error = await until_refused(lambda: lab.caller().ask(way))
    assert (error.status, error.code) == (429, "budget_exhausted")
    assert 160 <= lab.provider.bill("a")["microUsd"] <= 500


@proves("apis/embeddings", "budgets.*.limit")
async def test_embeddings_spend_from_the_budget(lab: Lab) -> None:
    """Their input is counted."""
    targets = lab.targets("a", model="text-embedding-3-small")
    agents = {AGENT: agent({"embed": "chat"}, budgets=["b1"])}
    lab.start(plan(targets, budgets={"b1": budget(100, "InputTokens")}, agents=agents))

    async def embed() -> Any:
        client = lab.caller().openai()
        return await client.embeddings.create(model="embed", input="word " * 16)

    answers, error = await until_refused(embed)
    assert error.code == "budget_exhausted"
    assert 2 <= answers <= 5


SCOPES = [
    # Who shares the count with AGENT: MATE is of its team and use case and not of the other two, STRANGER of neither.
    pytest.param("Agent", False, False, id="Agent", marks=proves("budgets.*.scope=Agent")),
    pytest.param("Shared", True, True, id="Shared", marks=proves("budgets.*.scope=Shared")),
    pytest.param("Team", True, False, id="Team", marks=proves("budgets.*.scope=Team", "agents.*.team")),
    pytest.param("UseCase", True, False, id="UseCase", marks=proves("budgets.*.scope=UseCase", "agents.*.useCase")),
]


@pytest.mark.parametrize(("scope", "mate", "stranger"), SCOPES)
async def test_count_is_shared_by_those_in_scope(lab: Lab, scope: str, *, mate: bool, stranger: bool) -> None:
    """Whoever shares it is refused with it, and nobody else."""
    apart = {"Team": {"team": "treasury"}, "UseCase": {"useCase": "loans"}}.get(scope, {})
    agents = {AGENT: agent(budgets=["b1"]), MATE: agent(budgets=["b1"]), STRANGER: agent(budgets=["b1"], **apart)}
    lab.start(plan(lab.targets("a"), budgets={"b1": budget(2, scope=scope)}, agents=agents))
    assert (await until_refused(lambda: lab.caller().ask()))[0] == 2
    for who, shares in ((MATE, mate), (STRANGER, stranger)):
        answers, _ = await until_refused(lambda who=who: lab.caller(who).ask())
        assert answers == (0 if shares else 2), who


@proves("budgets.*.scope=EndUser")
@pytest.mark.parametrize("way", [CHAT, RESPONSES, MESSAGES], ids=str)
async def test_each_end_user_has_a_count_of_their_own(lab: Lab, way: Way) -> None:
    """As the client names them, in a header or in the field of its API."""
    targets = lab.targets("a", kind=kind_of(way))
    lab.start(plan(targets, budgets={"b1": budget(2, scope="EndUser")}, agents={AGENT: agent(budgets=["b1"])}))
    jane = {"metadata": {"user_id": "jane"}} if way.api == "messages" else {"user": "jane"}
    assert (await until_refused(lambda: lab.caller().ask(way, **jane)))[0] == 2
    assert (await until_refused(lambda: lab.caller(headers={"x-agentops-end-user": "jane"}).ask(way)))[0] == 0
    assert (await until_refused(lambda: lab.caller(headers={"x-agentops-end-user": "john"}).ask(way)))[0] == 2


@proves("agents.*.budgets[]", "budgets.*.scope=Shared", "budgets.*.scope=Agent")
async def test_every_budget_applies_and_the_one_that_is_used_up_is_named(lab: Lab) -> None:
    """Of a small one for each agent and a larger one for all, each binds in its turn."""
    both = agent(budgets=["own", "all"])
    budgets = {"own": budget(3), "all": budget(5, scope="Shared")}
    lab.start(plan(lab.targets("a"), budgets=budgets, agents={AGENT: both, MATE: both}))
    answers, error = await until_refused(lambda: lab.caller().ask())
    assert (answers, error.param) == (3, "own")
    answers, error = await until_refused(lambda: lab.caller(MATE).ask())
    assert (answers, error.param) == (2, "all")
    assert lab.provider.bill()["calls"] == 5


def _ends(now: dt.datetime) -> dict[str, dt.datetime]:
    """The end of each calendar window."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    return {
        "Hour": now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1),
        "Day": day + dt.timedelta(days=1),
        "Week": day + dt.timedelta(days=7 - day.weekday()),
        "Month": month,
    }


@proves("budgets.*.window.timeZone")
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/Los_Angeles"])
@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=proves(f"budgets.*.window.kind={kind}")) for kind in ("Hour", "Day", "Week", "Month")],
)
async def test_window_ends_with_the_calendar_of_its_time_zone(lab: Lab, kind: str, zone: str) -> None:
    """`retry-after` counts the seconds until then; Kathmandu is 45 minutes off the full hour."""
    window = {"kind": kind, "timeZone": zone}
    lab.start(plan(lab.targets("a"), budgets={"b1": budget(1, window=window)}, agents={AGENT: agent(budgets=["b1"])}))
    before = dt.datetime.now(ZoneInfo(zone))
    _, error = await until_refused(lambda: lab.caller().ask(), most=3)
    after, told = dt.datetime.now(ZoneInfo(zone)), int(error.headers["retry-after"])
    # The refusal came between the two; so may have the end of a window.
    ends = [_ends(moment)[kind].timestamp() for moment in (before, after)]
    assert any(end - after.timestamp() - 1 <= told <= end - before.timestamp() + 1 for end in ends)


@proves("budgets.*.window.kind=Rolling", "budgets.*.window.seconds")
async def test_rolling_window_forgets_what_is_older_than_itself(lab: Lab) -> None:
    """Room comes when the oldest call leaves the window, which is at most its length away."""
    window = {"kind": "Rolling", "seconds": 60}
    lab.start(plan(lab.targets("a"), budgets={"b1": budget(2, window=window)}, agents={AGENT: agent(budgets=["b1"])}))
    answers, error = await until_refused(lambda: lab.caller().ask())
    assert (answers, error.code) == (2, "budget_exhausted")
    assert 30 <= int(error.headers["retry-after"]) <= 61


@pytest.mark.soak
@proves("budgets.*.window.kind=Rolling", "budgets.*.window.seconds")
async def test_rolling_window_makes_room_again(lab: Lab) -> None:
    """A minute later the budget is as good as new."""
    window = {"kind": "Rolling", "seconds": 60}
    lab.start(plan(lab.targets("a"), budgets={"b1": budget(2, window=window)}, agents={AGENT: agent(budgets=["b1"])}))
    _, error = await until_refused(lambda: lab.caller().ask())
    await asyncio.sleep(int(error.headers["retry-after"]) + 1)
    await lab.caller().ask()


def _ladder(lab: Lab, *steps: dict[str, Any], **fields: Any) -> Plan:
    targets = lab.targets("a") | lab.targets("b", model=CHEAP)
    routes = {"chat": route("a"), "cheap": route("b")}
    budgets = {"b1": budget(4, ladder=list(steps), **fields)}
    limited = agent(budgets=["b1"], readOnlyTools=["find"])
    return plan(targets, routes=routes, budgets=budgets, agents={AGENT: limited})


@proves("budgets.*.ladder[].atPercent", "budgets.*.ladder[].action=CheaperModel", "budgets.*.ladder[].models.*")
async def test_cheaper_model_answers_from_half_of_the_budget_on(lab: Lab) -> None:
    """Two calls of four to the strong model, two to the cheap one, and none after them."""
    cheaper = {"atPercent": 50, "action": "CheaperModel", "models": {"chat": "cheap"}}
    lab.start(_ladder(lab, cheaper, {"atPercent": 100, "action": "Block"}))
    assert (await until_refused(lambda: lab.caller().ask()))[0] == 4
    assert (lab.provider.bill("a")["calls"], lab.provider.bill("b", model=CHEAP)["calls"]) == (2, 2)


@proves("budgets.*.ladder[].atPercent", "budgets.*.ladder[].action=Block")
async def test_calls_are_blocked_from_the_step_that_says_so(lab: Lab) -> None:
    """Half of the budget is enough, where the policy says half."""
    lab.start(_ladder(lab, {"atPercent": 50, "action": "Block"}))
    assert (await until_refused(lambda: lab.caller().ask()))[0] == 2


@proves("budgets.*.ladder[].action=Alert", "budgets.*.ladder[].atPercent")
async def test_alert_tells_and_changes_nothing(lab: Lab) -> None:
    """Whoever reads the budget sees the step from half of it on; all four calls are answered by the strong model."""
    lab.start(_ladder(lab, {"atPercent": 50, "action": "Alert"}, {"atPercent": 100, "action": "Block"}))
    steps = []
    for _ in range(3):
        await lab.caller().ask()
        steps.append(lab.budget_use("b1").get("rung", ""))
    assert steps == ["", "Alert", "Alert"]
    await lab.caller().ask()
    assert lab.provider.bill("a")["calls"] == 4


@proves("budgets.*.ladder[].action=ReadOnlyTools", "agents.*.readOnlyTools[]")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_tools_that_change_things_are_taken_away(lab: Lab, way: Way) -> None:
    """From half of the budget on the provider is offered only the tools that the agent's policy calls read-only."""
    steps = [{"atPercent": 50, "action": "ReadOnlyTools"}, {"atPercent": 100, "action": "Block"}]
    changed = _ladder(lab, *steps)
    changed["targets"] = lab.targets("a", kind=kind_of(way)) | lab.targets("b", model=CHEAP)
    lab.start(changed)
    for _ in range(3):
        await lab.caller().ask(way, tools=[tool_of(way, "find"), tool_of(way, "refund")])
    offered = [[str(tool) for tool in request["body"].get("tools") or []] for request in lab.provider.requests("a")]
    assert ["refund" in str(tools) for tools in offered] == [True, True, False]
    assert "find" in str(offered[2])


@proves("budgets.*.ladder[].action=Hold")
async def test_runs_wait_for_a_person_from_the_step_that_says_so(lab: Lab) -> None:
    """Calls without a run, that nobody could resume, are refused."""
    lab.start(_ladder(lab, {"atPercent": 50, "action": "Hold"}, {"atPercent": 100, "action": "Block"}))
    answers, error = await until_refused(lambda: lab.caller(run="run-1").ask())
    assert (answers, error.status, error.code) == (2, 409, "run_held")
    assert (await refused(lab.caller().ask())).status in {403, 409, 429}
    assert lab.provider.bill()["calls"] == 2


@proves("budgets.*.mode=Shadow")
async def test_shadow_counts_what_it_would_have_refused(lab: Lab) -> None:
    """Nothing is refused, and the policy's author sees what would be."""
    lab.start(_ladder(lab, {"atPercent": 50, "action": "Hold"}, {"atPercent": 100, "action": "Block"}, mode="Shadow"))
    for _ in range(7):
        await lab.caller().ask()
    assert lab.provider.bill("a")["calls"] == 7
    use = lab.budget_use("b1")
    assert use["used"] == 7
    assert use["wouldDeny"] >= 3


@pytest.mark.parametrize(
    "verdict",
    [
        pytest.param("Deny", marks=proves("agents.*.onUnknownPrice=Deny")),
        pytest.param("Allow", marks=proves("agents.*.onUnknownPrice=Allow")),
    ],
)
async def test_call_without_a_price_is_what_the_policy_says(lab: Lab, verdict: str) -> None:
    """An unknown cost is not zero: under a budget in money it is refused, or passes where somebody decided so."""
    target = lab.target("a")
    del target["price"]
    agents = {AGENT: agent(budgets=["b1"], onUnknownPrice=verdict), MATE: agent(onUnknownPrice=verdict)}
    lab.start(plan({"a": target}, budgets={"b1": budget(10_000, "MicroUSD")}, agents=agents))
    await lab.caller(MATE).ask()
    if verdict == "Allow":
        await lab.caller().ask()
        assert lab.budget_use("b1")["unpriced"] == 1
        return
    error = await refused(lab.caller().ask())
    assert (error.status, error.code) == (403, "price_unknown")
    assert lab.provider.bill()["calls"] == 1
