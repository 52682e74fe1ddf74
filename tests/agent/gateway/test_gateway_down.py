"""What is said while pods cannot reach the gateway, and of an Agent that would like to go past it then."""

from dataclasses import replace
from typing import Any

import pytest

from agentops_operator.agent.compile import compile_agent
from agentops_operator.agent.facts import AgentObservation, GatewayObservation, Input
from tests.agent.facts_file import resource
from tests.agent.gateway.test_guards import SEEN, enforced, world

DIRECT = "GoesDirect: the gateway cannot be reached, and model calls go to the provider past limits and guardrails"
AWAY = "GatewayAway: the gateway cannot be reached, and model calls are refused"


def reporting(facts: Input, problem: str) -> Input:
    """The Agent's one sidecar reports this."""
    assert facts.observation is not None
    pods = tuple(replace(one, problems=(problem,)) for one in facts.observation.pods)
    return replace(facts, observation=replace(facts.observation, pods=pods), gateway_calls=True)


def told(facts: Input, kind: str) -> tuple[str, str]:
    """Enforced of the policy of a kind."""
    [outcome] = [outcome for outcome in compile_agent(facts).outcomes if outcome.policy.kind == kind]
    return outcome.condition.status, outcome.condition.reason


@pytest.mark.parametrize("gateway", [SEEN, GatewayObservation()], ids=["operator reaches it", "nobody reaches it"])
def test_calls_that_go_straight_to_the_provider_make_nothing_enforced(gateway: GatewayObservation) -> None:
    """Whatever the replicas say of their plan: these calls are not theirs."""
    facts = reporting(replace(world(), gateway=gateway), DIRECT)
    assert enforced(facts)[:2] == ("False", "GoesDirect")
    assert told(facts, "ProviderFallback") == ("False", "GoesDirect")


@pytest.mark.parametrize("gateway", [SEEN, GatewayObservation()], ids=["operator reaches it", "nobody reaches it"])
def test_calls_that_are_refused_are_a_matter_of_the_fallback(gateway: GatewayObservation) -> None:
    """It promised an answer; nothing went past a guardrail."""
    facts = reporting(replace(world(), gateway=gateway), AWAY)
    assert told(facts, "ProviderFallback") == ("False", "GatewayAway")
    assert enforced(facts)[:2] == (("True", "Probed") if gateway.reachable else ("Unknown", "GatewayUnreachable"))


def test_tracing_goes_on_without_a_gateway() -> None:
    """Spans of a pod that goes past the gateway are stored all the same."""
    trace = resource({"kind": "TracePolicy", "metadata": {"name": "trace"}, "spec": {}})
    facts = reporting(world(), DIRECT)
    assert told(replace(facts, policies=(*facts.policies, trace)), "TracePolicy") == ("True", "Enforced")


def limited(**execution: Any) -> Input:
    """The Agent with execution limits, the gateway as it should be."""
    facts = replace(world(), gateway=SEEN, gateway_calls=True)
    spec = facts.agent.spec.model_validate({**facts.agent.spec.dump(), "execution": execution})
    facts = replace(facts, agent=replace(facts.agent, spec=spec))
    row = compile_agent(facts).gateway
    assert row is not None
    assert isinstance(facts.observation, AgentObservation)
    return replace(facts, gateway_row=row.digest)


def test_agent_that_may_not_go_direct_is_told_who_must_allow_it() -> None:
    """Its pods are told Refuse, and the Agent does not look as if it had what it asks for."""
    facts = limited(onGatewayDown="Direct")
    plan = compile_agent(facts)
    [condition] = [one for one in plan.conditions if one.type == "Enforced"]
    assert (condition.status, condition.reason) == ("False", "DirectDenied")
    assert "directCalls: Allowed" in condition.message
    assert {entry["gateway"] for _, entry in plan.entries} == {"Refuse"}
