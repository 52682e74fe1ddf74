"""What becomes of calls while the engine cannot be reached: the forwarder in the agent's pod decides, as the plan says."""

import pytest

from conformance.caller import CHAT, MESSAGES, Caller, Way, kind_of, refused
from conformance.lab import Lab
from conformance.plans import AGENT, MODEL, agent, plan
from conformance.proves import proves

OWN_KEY = "sk-of-the-agent"
WAYS = (CHAT, MESSAGES)


@proves("agents.*.onGatewayDown=Refuse")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_call_without_an_engine_is_refused_in_the_clients_own_shape(lab: Lab, way: Way) -> None:
    """The SDK has a class for the error, and no provider is asked."""
    caller = await _cut_off(lab, way, "Refuse")
    got = await refused(caller.ask(way))
    assert (got.status, got.code, got.kind) == (503, "gateway_unreachable", "agentops_policy")
    assert got.headers["retry-after"]
    assert lab.provider.requests() == []


@proves("agents.*.onGatewayDown=Direct")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_call_without_an_engine_goes_to_the_provider_with_the_agents_own_key(lab: Lab, way: Way) -> None:
    """And the answer says that it went past the gateway."""
    caller = await _cut_off(lab, way, "Direct")
    lab.provider.keys(a=[OWN_KEY])
    said = await caller.ask(way, model=MODEL)
    assert (bool(said.text), said.headers["x-agentops-route"]) == (True, "direct")
    assert lab.provider.bill("a", key=OWN_KEY[-4:])["calls"] == 1


async def _cut_off(lab: Lab, way: Way, down: str) -> Caller:
    """A client behind a forwarder whose engine answered one call and is gone."""
    lab.start(plan(lab.targets("a", kind=kind_of(way)), agents={AGENT: agent(onGatewayDown=down)}))
    caller = lab.behind_forwarder(OWN_KEY)
    assert (await caller.ask(way)).headers["x-agentops-target"] == "a"
    lab.replicas[0].kill()
    lab.provider.reset()
    return caller
