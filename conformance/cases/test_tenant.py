"""A target whose credential is in the namespace of a tenant: the gateway there asks, for the shared one and nobody else."""

from typing import Any

import pytest

from conformance.caller import CHAT, CHAT_STREAM, MESSAGES, RESPONSES_STREAM, Way, kind_of, refused
from conformance.lab import Lab
from conformance.plans import AGENT, STRANGER, Plan, plan, route
from conformance.proves import proves

NAMESPACE = AGENT.split("/")[0]
BARE: Plan = {"version": 1, "targets": {}, "routes": {}, "guardrails": {}, "budgets": {}, "agents": {}}


def lend(lab: Lab, kind: str = "openai", **fields: Any) -> dict[str, Any]:
    """Starts the tenant's gateway with the key of provider a; returns the target as the shared gateway has it."""
    target = lab.target("a", kind, **fields)
    lent = {name: value for name, value in target.items() if name != "price"}
    running = lab.start_tenant(NAMESPACE, {**BARE, "targets": {"a": lent}})
    return {name: value for name, value in target.items() if name != "credential"} | {"via": running.url}


@proves("targets.*.via")
@pytest.mark.parametrize("way", [CHAT, CHAT_STREAM, RESPONSES_STREAM, MESSAGES], ids=str)
@pytest.mark.parametrize("kind", ["its own language", "another"])
async def test_provider_sees_the_credential_of_the_tenant(lab: Lab, way: Way, kind: str) -> None:
    """As it is and translated, whole and streamed; the client reads what it would have read without the way."""
    own = kind_of(way)
    spoken = own if kind == "its own language" else {"openai": "anthropic", "anthropic": "openai"}[own]
    lab.start(plan({"a": lend(lab, spoken)}))
    lab.provider.keys(a=["sk-a-0001"])
    lab.provider.answers(("order", "It is on its way."))
    said = await lab.caller().ask(way)
    assert said.text == "It is on its way."
    assert said.headers["x-agentops-target"] == "a"


@proves("targets.*.via")
@pytest.mark.parametrize("status", [429, 500, 401])
async def test_failure_at_a_tenants_provider_leads_to_the_next_target(lab: Lab, status: int) -> None:
    """The gateway between tells what kind of failure it was; the route decides."""
    lab.provider.fault(provider="a", status=status, times=0)
    lab.start(plan({"a": lend(lab), "b": lab.target("b")}))
    assert (await lab.caller().ask()).headers["x-agentops-target"] == "b"


@proves("targets.*.via")
async def test_gateway_of_a_tenant_that_is_gone_is_a_target_that_is_gone(lab: Lab) -> None:
    """Another target answers; without one the error is that of a provider that cannot be reached."""
    lab.start(plan({"a": lend(lab), "b": lab.target("b")}, routes={"chat": route("a", "b"), "only": route("a")}))
    lab.tenants[0].kill()
    assert (await lab.caller().ask()).headers["x-agentops-target"] == "b"


@proves("targets.*.via")
async def test_gateway_of_a_tenant_serves_nobody_but_the_shared_gateway(lab: Lab) -> None:
    """Neither its own agents nor those of other namespaces spend its credential past the limits."""
    lab.start(plan({"a": lend(lab)}))
    for agent in (AGENT, STRANGER):
        caller = lab.caller(agent)
        caller.url = lab.tenants[0].url
        error = await refused(caller.ask())
        assert error.status == 401
    assert lab.provider.requests() == []
