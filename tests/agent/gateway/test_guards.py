"""What a MaskingPolicy says of its guardrails at the gateway."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from agentops_operator.agent.compile import compile_agent
from agentops_operator.agent.facts import (
    AgentObservation,
    GatewayObservation,
    GatewaySettings,
    Input,
    PodReport,
    RelayObservation,
    Settings,
)
from agentops_operator.agent.gateway.probes import Evidence, Probe, Subject
from agentops_operator.agent.match import matches
from tests.agent.facts_file import pod, resource

ON = Settings(gateway=GatewaySettings(enabled=True))
TARGET = {"name": "a", "provider": "openai-compatible", "endpoint": "http://a.shop.svc", "model": "m"}
FALLBACK = {
    "kind": "ProviderFallback",
    "metadata": {"name": "chat"},
    "spec": {"targets": [TARGET], "aliases": [{"name": "chat", "targets": [{"name": "a"}]}]},
}
HELD, LEAKS = ("Observed", "masked"), ("NotObserved", "what was planted for credentials.jwt was not masked")
SEEN = GatewayObservation(reachable=True, store="Ready", guards_tested=True)


def world(gateway: dict[str, Any] | None = None, *, settings: Settings = ON, models: bool = True) -> Input:
    """An Agent with one pod that masks telemetry as it should, and a policy that says this of the gateway."""
    agent = resource({"kind": "Agent", "metadata": {"name": "billing"}, "spec": {"podSelector": {"matchLabels": {"app": "a"}}}})
    policy = {"kind": "MaskingPolicy", "metadata": {"name": "own"}, "spec": {"gateway": gateway or {}}}
    one = pod({"name": "p", "labels": {"app": "a"}, "agent": "billing", "sidecar": "0.1.0", "gateway": "Refuse"})
    assert matches(agent.spec, one)
    policies = tuple(resource(item) for item in (policy, *([FALLBACK] if models else [])))
    facts = Input(agent=agent, settings=settings, policies=policies, pods=(one,), relay=RelayObservation(reachable=True))
    plan = compile_agent(facts)
    told = AgentObservation(pods=(PodReport("p", "p", "0.1.0", plan.status["rulesDigest"]),), stored=True, row=identity(plan))
    facts = replace(facts, observation=told, gateway_row=plan.gateway.digest if plan.gateway else "")
    return probed(facts, list(plan.gateway.guardrails) if plan.gateway else [])


def probed(facts: Input, rails: Iterable[str], result: tuple[str, str] = HELD) -> Input:
    """The gateway said this of calls that it sent through these guardrails."""
    checks = {rail: Probe("agents.*.guardrails.input[]", *result) for rail in rails}
    subjects = {Subject("guardrails", rail): frozenset({rail}) for rail in rails}
    return replace(facts, probes=Evidence(told=True, checks=checks, subjects=subjects))


def identity(plan: Any) -> str:
    """Digest of the Agent's row at the relay."""
    return str(plan.identity["digest"])


def enforced(facts: Input) -> tuple[str, str, str]:
    """Enforced of the policy in the Agent."""
    [outcome] = [outcome for outcome in compile_agent(facts).outcomes if outcome.policy.kind == "MaskingPolicy"]
    return outcome.condition.status, outcome.condition.reason, outcome.condition.message


def test_policy_is_enforced_when_sidecar_and_gateway_caught_their_canaries() -> None:
    """Both are seen; one alone would not be what the policy promises."""
    status, reason, message = enforced(replace(world(), gateway=SEEN))
    assert (status, reason) == ("True", "Probed")
    assert "pods" in message
    assert "every replica of the gateway" in message
    assert "guardrails on requests" in message


def test_guardrail_that_lets_a_planted_secret_pass_is_told() -> None:
    """Its rules may find every canary: what counts is what calls of the gateway's own came to."""
    facts = replace(world(), gateway=SEEN)
    status, reason, message = enforced(probed(facts, _rails(facts), LEAKS))
    assert (status, reason) == ("False", "ProbeFailed")
    assert "guardrails on requests (what was planted for credentials.jwt was not masked)" in message
    assert enforced(probed(facts, ["mask-of-another"], LEAKS))[:2] == ("Unknown", "AwaitingProbe")


def test_guardrail_is_not_enforced_before_it_was_probed() -> None:
    """Nor where a replica is silent about guardrails, as one of an older version is."""
    facts = replace(world(), gateway=SEEN)
    assert enforced(probed(facts, _rails(facts), ("Waiting", "")))[:2] == ("Unknown", "AwaitingProbe")
    assert enforced(probed(facts, []))[:2] == ("Unknown", "AwaitingProbe")
    assert enforced(replace(facts, probes=Evidence()))[:2] == ("Unknown", "AwaitingProbe")


def _rails(facts: Input) -> list[str]:
    row = compile_agent(facts).gateway
    assert row is not None
    return list(row.guardrails)


def test_canary_that_passed_a_guardrail_of_the_agent_is_told_with_its_detector() -> None:
    """Guardrails of other Agents are not in question."""
    facts = world()
    row = compile_agent(facts).gateway
    assert row is not None
    [rail, *_] = row.guardrails
    leaking = replace(SEEN, guards_leaked=frozenset({(rail, "credentials.jwt"), ("mask-of-another", "email.address")}))
    status, reason, message = enforced(replace(facts, gateway=leaking))
    assert (status, reason) == ("False", "Leaked")
    assert "credentials.jwt" in message
    assert "email" not in message


def test_gateway_that_does_not_test_its_guardrails_leaves_it_unknown() -> None:
    """A replica of an older version says nothing of canaries; that is never taken for a pass."""
    assert enforced(replace(world(), gateway=replace(SEEN, guards_tested=False)))[:2] == ("Unknown", "AwaitingGateway")


def test_plan_that_is_not_in_force_everywhere_leaves_it_unknown() -> None:
    """The guardrails of the last plan may be others."""
    assert enforced(replace(world(), gateway=SEEN, gateway_row="sha256:old"))[:2] == ("Unknown", "AwaitingGateway")
    assert enforced(replace(world(), gateway=GatewayObservation()))[:2] == ("Unknown", "GatewayUnreachable")


def test_policy_that_masks_calls_is_not_enforced_where_none_passes_the_gateway() -> None:
    """Without a gateway, or without an alias, calls go where nobody looks at them."""
    blocks = {"output": {"detectors": "Block"}}
    assert enforced(world(blocks, settings=Settings()))[:2] == ("False", "GatewayDisabled")
    assert enforced(world(blocks, models=False))[:2] == ("False", "NoModels")


def test_policy_that_only_reports_does_not_need_a_gateway() -> None:
    """Or every installation without one would be red by default."""
    assert enforced(_without(world(settings=Settings())))[:2] == ("True", "Enforced")


def _without(facts: Input) -> Input:
    """The pod, injected where there is no gateway."""
    return replace(facts, pods=tuple(replace(one, gateway="") for one in facts.pods))


def test_policy_waits_for_the_gateway_and_says_so() -> None:
    """Programmed names the part that is behind."""
    [outcome] = [
        o for o in compile_agent(replace(world(), gateway=SEEN, gateway_row="")).outcomes if o.policy.kind == "MaskingPolicy"
    ]
    assert not outcome.programmed
    assert outcome.progress is not None
    assert outcome.progress.reason == "AwaitingGateway"
