"""The gateway from the operator's side: what it writes, what it believes, and what it says."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from agentops_operator.agent.facts import GatewaySettings, Settings, StoreSettings
from agentops_operator.agent.gateway.objects import stored_text
from agentops_operator.kube.names import ANNOTATION_BYPASS, ANNOTATION_BYPASS_MODELS
from agentops_operator.runtime.objects import Ref
from tests.runtime.bodies import agent_body, body, pod_body
from tests.runtime.world import HOME, World, probed

STORE = StoreSettings("redis://agentops-state:6379")
SETTINGS = Settings(operator_namespace=HOME, gateway=GatewaySettings(enabled=True, store=STORE))
PLAN = Ref("v1", "ConfigMap", HOME, "agentops-gateway")
DEPLOYMENT = Ref("apps/v1", "Deployment", HOME, "agentops-gateway")
TARGET = {
    "name": "a",
    "provider": "openai",
    "model": "gpt-4o",
    "credential": {"secretName": "agentops-a", "keys": [{"role": "ApiKey", "key": "k"}]},
}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An operator of an installation with a gateway."""
    world = World(compile_settings=SETTINGS)
    yield world
    await world.stop()


def fallback(name: str = "chat", namespace: str = HOME, alias: str = "chat", **fields: Any) -> dict[str, Any]:
    """A platform policy that reaches every namespace."""
    spec = {"namespaceSelector": {}, "targets": [TARGET], "aliases": [{"name": alias, "targets": [{"name": "a"}]}]}
    return body("ProviderFallback", name, namespace, spec=spec, **fields)


def budget(name: str = "daily", limit: str = "10", **fields: Any) -> dict[str, Any]:
    """A budget of a tenant."""
    return body("Budget", name, "shop", spec={"limit": limit}, **fields)


def plan_of(world: World) -> dict[str, Any]:
    """The plan that stands in the cluster."""
    plan: dict[str, Any] = json.loads(stored_text(world.cluster.objects[PLAN]))
    return plan


def runs(
    world: World,
    *replicas: str,
    store: str = "Ready",
    forgets: str = "",
    missing: tuple[str, ...] = (),
    digest: str = "",
    result: str = "Observed",
) -> None:
    """Replicas run the plan that stands in the cluster, or the one with this digest; what they probed had this result."""
    plan = plan_of(world) | ({"digest": digest} if digest else {})
    state = {
        "plan": {"digest": plan["digest"], "error": ""},
        "probes": probed(plan, result),
        "store": {"state": store, "forgets": forgets},
        "targets": {name: {"state": "CredentialMissing"} for name in missing},
    }
    world.gateway.states |= dict.fromkeys(replicas, state)


async def test_plan_and_deployment_are_written_once(world: World) -> None:
    """Two policies and two Agents make one plan; seeing them again makes none."""
    world.show(agent_body(), agent_body("search"), fallback(), budget())
    await world.run()
    assert world.cluster.calls["apply Deployment"] == 1
    assert set(plan_of(world)["agents"]) == {"shop/billing", "shop/search"}
    before = world.cluster.writes
    world.echo()
    await world.run()
    assert world.cluster.writes == before


async def test_many_agents_make_one_plan_a_second(world: World) -> None:
    """A burst is folded once, not once for each Agent."""
    world.show(fallback())
    await world.run()
    before = world.cluster.calls["apply ConfigMap"]
    world.show(*(agent_body(f"a{number}") for number in range(50)))
    await world.run(1.5)
    plans = world.cluster.calls["apply ConfigMap"] - before - 50 - 2  # rules of each Agent, the relay's table, alert rules
    assert plans == 1
    assert len(plan_of(world)["agents"]) == 50


async def test_policy_is_in_force_when_every_replica_runs_it_and_the_agent_called(world: World) -> None:
    """Programmed follows the replicas; Enforced says no more than was seen, and waits for a call."""
    world.show(agent_body(), fallback(), budget())
    await world.run()
    assert world.condition("Budget", "daily", "Programmed") == ("False", "AwaitingGateway")
    assert world.condition("Budget", "daily", "Enforced") == ("Unknown", "GatewayUnreachable")
    runs(world, "one", "two")
    await world.run(20)
    assert world.condition("Budget", "daily", "Programmed") == ("True", "Programmed")
    assert world.condition("Budget", "daily", "Enforced") == ("Unknown", "AwaitingFirstObservation")
    world.gateway.called = {"shop/billing"}
    await world.run(60)
    assert world.condition("Budget", "daily", "Enforced") == ("True", "Probed")
    assert world.condition("ProviderFallback", "chat", "Enforced", HOME) == ("True", "Probed")
    assert world.status("ProviderFallback", "chat", HOME)["priceTable"]


async def test_one_replica_behind_holds_programmed_back(world: World) -> None:
    """A plan is in force where every replica runs it."""
    world.show(agent_body(), fallback())
    await world.run()
    runs(world, "one")
    runs(world, "two", digest="sha256:older")
    await world.run(20)
    assert world.condition("ProviderFallback", "chat", "Programmed", HOME) == ("False", "AwaitingGateway")


async def test_autoscaler_writes_no_status(world: World) -> None:
    """Replicas come and go; what they run is the same, and nothing new is to be said."""
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one")
    world.gateway.called = {"shop/billing"}
    await world.run(60)
    before = world.cluster.writes
    runs(world, "two", "three")
    await world.run(30)
    world.gateway.states.pop("one")
    await world.run(30)
    assert world.cluster.writes == before


async def test_new_agent_leaves_the_policies_of_others_in_force(world: World) -> None:
    """The plan's digest is another one, and what holds for the first Agent is not."""
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one")
    world.gateway.called = {"shop/billing"}
    await world.run(60)
    other = body("Agent", "pay", "bank", spec={"podSelector": {"matchLabels": {"app": "pay"}}})
    before = world.cluster.calls["status Budget"]
    world.show(other)
    await world.run()
    assert len(plan_of(world)["agents"]) == 2
    assert world.condition("Budget", "daily", "Programmed") == ("True", "Programmed")
    assert world.cluster.calls["status Budget"] == before


@pytest.mark.parametrize("state", ["Away", "None"])
async def test_budget_without_a_state_store_is_not_in_force(world: World, state: str) -> None:
    """Counts cannot be kept; fallback needs none."""
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one", store=state)
    world.gateway.called = {"shop/billing"}
    await world.run(60)
    assert world.condition("Budget", "daily", "Enforced") == ("False", "StateStoreDown")
    assert world.condition("ProviderFallback", "chat", "Enforced", HOME) == ("True", "Probed")


async def test_state_store_that_may_lose_counts_is_told(world: World) -> None:
    """The limits hold, until it does; what needs no counts says nothing of it."""
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one", forgets="appendonly is no, so a restart forgets what was counted: set yes")
    world.gateway.called = {"shop/billing"}
    await world.run(60)
    assert world.condition("Budget", "daily", "Enforced") == ("False", "StateStoreForgets")
    assert world.condition("ProviderFallback", "chat", "Enforced", HOME) == ("True", "Probed")
    entries = world.status("Budget", "daily", "shop")["conditions"]
    assert "may lose counts: appendonly is no" in next(entry["message"] for entry in entries if entry["type"] == "Enforced")


async def test_missing_credential_names_the_secret_to_create(world: World) -> None:
    """The operator never reads a Secret; it says which one the gateway lacks."""
    world.show(agent_body(), fallback())
    await world.run()
    runs(world, "one", missing=(f"{HOME}/chat/a",))
    await world.run(20)
    assert world.condition("ProviderFallback", "chat", "Enforced", HOME) == ("False", "CredentialMissing")
    entries = world.status("ProviderFallback", "chat", HOME)["conditions"]
    message = next(entry["message"] for entry in entries if entry["type"] == "Enforced")
    assert f"create Secret {HOME}/agentops-a with k" in message


async def test_plan_that_a_replica_refuses_is_told_with_its_error(world: World) -> None:
    """The last good plan stays, and nobody believes that the new one is in force."""
    world.show(agent_body(), fallback())
    await world.run()
    world.gateway.states = {
        "one": {"plan": {"digest": "sha256:old", "error": "targets: no"}, "store": {"state": "Ready"}, "targets": {}}
    }
    await world.run(20)
    assert world.condition("ProviderFallback", "chat", "Programmed", HOME) == ("False", "PlanRefused")


@pytest.mark.parametrize(
    ("notes", "reason"),
    [
        ({ANNOTATION_BYPASS: "main", ANNOTATION_BYPASS_MODELS: "main"}, "Bypassed"),
        (None, "NotCovered"),
    ],
)
async def test_calls_that_go_around_are_not_hidden_by_those_that_come_through(
    world: World, notes: dict[str, str] | None, reason: str
) -> None:
    """One pod with an own provider, or without sidecar, and the policies are not in force, whatever other pods do."""
    pod = pod_body("b-1", agent="billing" if notes else "")
    pod["metadata"]["annotations"] |= notes or {}
    world.show(agent_body(), fallback(), budget())
    world.cluster.put(pod)
    await world.run()
    runs(world, "one")
    world.gateway.called = {"shop/billing"}
    await world.run(60)
    assert world.condition("Budget", "daily", "Enforced") == ("False", reason)
    assert world.condition("ProviderFallback", "chat", "Enforced", HOME) == ("False", reason)


async def test_restart_over_an_unchanged_cluster_writes_nothing(world: World) -> None:
    """What was in force is known from the stored plan, so a new process unsays nothing."""
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one")
    world.gateway.called = {"shop/billing"}
    await world.run(60)
    second = await world.restart()
    await second.run(60)
    assert second.cluster.writes == 0, second.cluster.calls
    assert second.condition("Budget", "daily", "Enforced") == ("True", "Probed")
    await second.stop()


async def test_without_a_gateway_policies_say_which_value_to_set() -> None:
    """Declared is not in force: the condition names the chart's value, and nothing is deployed."""
    world = World()
    world.show(agent_body(), fallback(), budget())
    await world.run()
    assert world.condition("Budget", "daily", "Enforced") == ("False", "GatewayDisabled")
    assert world.condition("Agent", "billing", "Enforced") == ("False", "GatewayDisabled")
    message = next(e["message"] for e in world.status("Budget", "daily")["conditions"] if e["type"] == "Enforced")
    assert "gateway.enabled=true" in message
    assert DEPLOYMENT not in world.cluster.objects
    await world.stop()


async def test_gateway_that_is_switched_off_is_taken_away(world: World) -> None:
    """An installation without a gateway leaves no Deployment behind."""
    world.show(agent_body(), fallback())
    await world.run()
    assert DEPLOYMENT in world.cluster.objects
    world.settings = replace(SETTINGS, gateway=GatewaySettings())
    second = await world.restart()
    await second.run()
    assert not {DEPLOYMENT, PLAN} & second.cluster.objects.keys()
    await second.stop()


async def test_younger_policy_names_the_one_that_keeps_the_alias(world: World) -> None:
    """Accepted=False, Conflicted; what the younger one does not share stays in force."""
    world.show(agent_body(), fallback("old", created="2026-01-01T00:00:00Z"), fallback("young", created="2026-02-01T00:00:00Z"))
    await world.run()
    assert world.condition("ProviderFallback", "old", "Accepted", HOME) == ("True", "Accepted")
    assert world.condition("ProviderFallback", "young", "Accepted", HOME) == ("False", "Conflicted")
    message = next(e["message"] for e in world.status("ProviderFallback", "young", HOME)["conditions"] if e["type"] == "Accepted")
    assert f"alias chat is declared by ProviderFallback {HOME}/old too" in message


async def test_two_budgets_apply_and_the_looser_one_says_which_binds(world: World) -> None:
    """Both are in the plan; the one that is never reached names the other."""
    world.show(agent_body(), fallback(), budget("tight", "5"), budget("loose", "50"))
    await world.run()
    assert plan_of(world)["agents"]["shop/billing"]["budgets"] == ["shop/loose", "shop/tight"]
    assert world.status("Budget", "loose")["boundBy"] == ["shop/tight"]
    assert "boundBy" not in world.status("Budget", "tight")


async def test_plan_follows_a_policy_that_only_a_budget_names(world: World) -> None:
    """A ProviderFallback that binds no Agent, but to which a step leads, makes the budget's Agents due."""
    spec = {
        "limit": "1",
        "ladder": [
            {"atPercent": 50, "action": "CheaperModel", "models": [{"alias": "chat", "use": "small", "fallback": "spare"}]}
        ],
    }
    world.show(agent_body(), fallback(), body("Budget", "daily", "shop", spec=spec))
    await world.run()
    assert plan_of(world)["budgets"]["shop/daily"]["ladder"] == [{"atPercent": 100, "action": "Block"}]
    world.show(fallback("spare", alias="small"))
    await world.run()
    assert plan_of(world)["budgets"]["shop/daily"]["ladder"][0]["models"] == {"chat": f"{HOME}/spare/small"}


def used(amount: int, **fields: Any) -> dict[str, Any]:
    """An answer of the gateway on the use of one Agent."""
    scope = {"kind": "Agent", "value": "shop/billing"}
    entry = {"id": "shop/daily", "scope": scope, "used": amount, "limit": 10_000_000, **fields}
    return {"agent": "shop/billing", "budgets": [entry], "runs": []}


async def test_usage_is_written_when_its_percent_changes(world: World) -> None:
    """A status follows the budget in whole percent, once a minute at most, and not each call."""
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one")
    world.gateway.usages["shop/billing"] = used(1_230_000, rung="Alert")
    await world.run(130)
    want = {
        "scope": "shop/billing",
        "used": "1.23",
        "percent": 12,
        "estimated": "0",
        "wouldDeny": 0,
        "unpriced": 0,
        "step": "Alert",
    }
    assert world.status("Budget", "daily")["usage"] == [want]
    assert world.status("Budget", "daily")["usedPercent"] == 12
    before = world.cluster.calls["status Budget"]
    world.gateway.usages["shop/billing"] = used(1_290_000, rung="Alert")
    await world.run(180)
    assert world.cluster.calls["status Budget"] == before
    world.gateway.usages["shop/billing"] = used(9_000_000)
    await world.run(70)
    assert world.status("Budget", "daily")["usedPercent"] == 90
    labels = {"namespace": "shop", "budget": "daily", "scope": "shop/billing"}
    assert world.metrics.registry.get_sample_value("agentops_budget_used_ratio", labels) == 0.9


def injected(name: str, gateway: str = "") -> dict[str, Any]:
    """A pod of the Agent that admission gave a sidecar, and told this of the gateway."""
    pod = pod_body(name, agent="billing")
    pod["metadata"]["annotations"] |= {"agentops.dev/gateway": gateway} if gateway else {}
    return pod


async def test_pods_of_an_agent_with_aliases_are_sent_through_the_gateway(world: World) -> None:
    """The index says so as long as a policy gives the Agent an alias, and no longer."""
    policy = fallback()
    world.show(agent_body(), policy)
    await world.run()
    assert world.index()["app=billing"][0]["gateway"] == "Refuse"
    world.remove(policy)
    await world.run()
    assert "gateway" not in world.index()["app=billing"][0]


async def test_pod_from_before_the_gateway_needs_a_restart_and_nothing_is_enforced_before(world: World) -> None:
    """Calls of one pod came through, and the other one may call whom it likes: the policies say which pod that is."""
    world.cluster.put(injected("new", "Refuse"))
    world.cluster.put(injected("old"))
    world.show(agent_body(), fallback(), budget())
    await world.run()
    runs(world, "one")
    world.gateway.called = {"shop/billing"}
    await world.run(60)
    assert world.condition("Agent", "billing", "Covered") == ("False", "RestartRequired")
    assert world.condition("Budget", "daily", "Enforced") == ("False", "RestartRequired")
    assert world.condition("ProviderFallback", "chat", "Enforced", HOME) == ("False", "RestartRequired")
    assert world.status("Agent", "billing")["pods"]["outdated"] == 1
    message = next(e["message"] for e in world.status("Budget", "daily")["conditions"] if e["type"] == "Enforced")
    assert "pods old started before their model calls went through the gateway" in message


async def test_pod_that_is_sent_to_a_gateway_that_went_needs_a_restart() -> None:
    """Its forwarder would answer each call with an error."""
    world = World()
    world.cluster.put(injected("one", "Refuse"))
    world.show(agent_body())
    await world.run()
    assert world.condition("Agent", "billing", "Covered") == ("False", "RestartRequired")
    await world.stop()


async def test_leaking_guardrail_of_one_replica_is_told_by_the_policy(world: World) -> None:
    """Replicas are not assumed to be alike: the canary that one lets pass counts."""
    spec = {"gateway": {"input": {"detectors": "Block"}}}
    world.cluster.put(injected("one", "Refuse"))
    world.show(agent_body(), fallback(), body("MaskingPolicy", "own", "shop", spec=spec))
    await world.run()
    runs(world, "one", "two")
    [block, *_] = plan_of(world)["agents"]["shop/billing"]["guardrails"]["input"]
    for replica, leaked in (("one", {}), ("two", {block: ["credentials.jwt"]})):
        world.gateway.states[replica] = {**world.gateway.states[replica], "guardrails": {"leaked": leaked}}
    await world.run(60)
    assert world.operator.store.gateway.guards_leaked == {(block, "credentials.jwt")}
    assert world.operator.store.gateway.guards_tested
    world.gateway.states["two"] = {name: part for name, part in world.gateway.states["two"].items() if name != "guardrails"}
    await world.run(60)
    assert not world.operator.store.gateway.guards_tested
