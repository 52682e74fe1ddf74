"""Who calls is decided by the token alone."""

import time
from typing import Any

import pytest

from conformance.caller import CHAT, MESSAGES, WAYS, Way, kind_of, refused, until_refused
from conformance.issuer import Issuer, claims_of, unsigned
from conformance.lab import Lab
from conformance.plans import AGENT, MATE, STRANGER, agent, budget, plan
from conformance.proves import proves


def _other_namespace() -> dict[str, Any]:
    """A pod of `bank` that asks for the audience of an agent in `shop`."""
    return {"kubernetes.io": claims_of(STRANGER)["kubernetes.io"]}


BAD = [
    pytest.param({"exp": int(time.time()) - 3600}, id="expired"),
    pytest.param({"exp": None}, id="without an end"),
    pytest.param({"nbf": int(time.time()) + 3600}, id="of tomorrow"),
    pytest.param(_other_namespace(), id="of another namespace"),
    pytest.param({"aud": ["vault"]}, id="of another audience"),
    pytest.param({"aud": ["agentops-relay"]}, id="of a reader"),
    pytest.param({"aud": ["agentops/shop/billing", "agentops/shop/sorter"]}, id="of two agents"),
    pytest.param({"iss": "https://elsewhere"}, id="of another issuer"),
    pytest.param({"kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "billing"}}}, id="bound to no pod"),
]


@proves("identity/token")
@pytest.mark.parametrize("claims", BAD)
async def test_token_that_proves_nothing_is_refused(lab: Lab, claims: dict[str, Any]) -> None:
    """Nothing reaches a provider."""
    lab.start(plan(lab.targets("a")))
    error = await refused(lab.caller(token=lab.issuer.token(AGENT, **claims)).ask())
    assert (error.status, error.code) == (401, "token_refused")
    assert lab.provider.requests() == []


@proves("identity/token")
@pytest.mark.parametrize("forge", ["another key", "no signature", "no token at all", "a provider's key"])
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_token_that_nobody_signed_is_refused(lab: Lab, forge: str, way: Way) -> None:
    """On every API; the error never repeats what was sent."""
    lab.start(plan(lab.targets("a", kind=kind_of(way))))
    token = {
        "another key": Issuer().token(AGENT),
        "no signature": unsigned(AGENT),
        "no token at all": "x",
        "a provider's key": "sk-a-0001",
    }[forge]
    error = await refused(lab.caller(token=token).ask(way))
    assert (error.status, error.code) == (401, "token_refused")
    assert token not in error.message or len(token) == 1
    assert lab.provider.requests() == []


@proves("identity/token")
async def test_call_without_a_token_is_told_so(lab: Lab) -> None:
    """And which header it belongs in."""
    running = lab.start(plan(lab.targets("a")))
    async with (
        lab.caller().raw() as session,
        session.post(f"{running.url}/v1/chat/completions", json={"model": "chat"}, headers={"Authorization": ""}) as answer,
    ):
        assert (answer.status, (await answer.json())["error"]["code"]) == (401, "token_missing")


@proves("identity/token")
async def test_agent_that_the_plan_does_not_know_is_refused(lab: Lab) -> None:
    """A good token of a pod is not enough."""
    lab.start(plan(lab.targets("a")))
    error = await refused(lab.caller(MATE).ask())
    assert (error.status, error.code) == (403, "agent_unknown")


@proves("agents.*.serviceAccountName")
async def test_only_pods_of_the_named_account_are_the_agent(lab: Lab) -> None:
    """Another account of the same namespace is not."""
    lab.start(plan(lab.targets("a"), agents={AGENT: agent(serviceAccountName="billing")}))
    await lab.caller().ask()
    bound = claims_of(AGENT)["kubernetes.io"] | {"serviceaccount": {"name": "default", "uid": "u"}}
    error = await refused(lab.caller(token=lab.issuer.token(AGENT, **{"kubernetes.io": bound})).ask())
    assert (error.status, error.code) == (401, "token_refused")


@proves("identity/unbound-headers")
@pytest.mark.parametrize("way", [CHAT, MESSAGES], ids=str)
async def test_client_cannot_have_another_agent_charged(lab: Lab, way: Way) -> None:
    """Headers and fields that name somebody else change nothing: the caller's own budget is used up."""
    agents = {AGENT: agent(budgets=["few"]), MATE: agent(budgets=["few"])}
    lab.start(plan(lab.targets("a", kind=kind_of(way)), budgets={"few": budget(2)}, agents=agents))
    forged = {
        "x-agentops-agent": MATE,
        "x-agentops-namespace": "bank",
        "x-agentops-team": "others",
        "x-litellm-tags": "team:others",
        "x-litellm-agent-id": MATE,
        "baggage": f"agentops.agent={MATE}",
    }
    answers, error = await until_refused(lambda: lab.caller(headers=forged).ask(way, extra_body={"metadata": {"user_id": MATE}}))
    assert (answers, error.code) == (2, "budget_exhausted")
    await lab.caller(MATE).ask(way)


@proves("identity/runs-apart")
async def test_two_agents_with_one_run_id_have_two_runs(lab: Lab) -> None:
    """An agent cannot use up another's run by guessing its id."""
    limited = agent(execution={"run": {"steps": {"max": 1, "action": "Refuse"}}})
    lab.start(plan(lab.targets("a"), agents={AGENT: limited, MATE: limited}))
    await lab.caller(AGENT, "run-1").ask()
    await lab.caller(MATE, "run-1").ask()
    assert (await refused(lab.caller(AGENT, "run-1").ask())).code == "run_steps"


@proves("identity/no-run")
async def test_call_without_a_run_says_so_and_has_the_agents_limits(lab: Lab) -> None:
    """It is answered, is marked, and is not held to a run's limits."""
    limited = agent(execution={"run": {"steps": {"max": 1, "action": "Refuse"}}, "callsPerMinute": 3})
    lab.start(plan(lab.targets("a"), agents={AGENT: limited}))
    for _ in range(3):
        assert (await lab.caller().ask()).headers["x-agentops-run"] == "NoRunIdentity"
    assert (await refused(lab.caller().ask())).code == "calls_per_minute"


@proves("agents.*.execution.requireRunId")
async def test_call_without_a_run_is_refused_where_the_policy_says_so(lab: Lab) -> None:
    """A run may be named in each of the ways that are documented."""
    lab.start(plan(lab.targets("a"), agents={AGENT: agent(execution={"requireRunId": True})}))
    assert (await refused(lab.caller().ask())).code == "run_id_required"
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    named = {
        "run-1": {"x-agentops-run-id": "run-1"},
        "run-2": {"baggage": "agentops.run.id=run-2"},
        "run-3": {"baggage": "other=1,gen_ai.conversation.id=run-3"},
        "run-4": {"x-agentops-conversation-id": "run-4"},
        trace: {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    }
    for run, headers in named.items():
        assert (await lab.caller(headers=headers).ask()).headers["x-agentops-run"] == run
