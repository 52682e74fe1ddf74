"""The gateway of a namespace whose policies bring credentials: applied there, read back, and taken away with the last of them."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from agentops_operator.agent.facts import GatewaySettings, Settings, StoreSettings
from agentops_operator.agent.gateway.objects import stored_text
from agentops_operator.agent.gateway.tenant import KINDS
from agentops_operator.kube.digest import digest
from agentops_operator.runtime.objects import ApiError, Ref
from agentops_operator.runtime.tenant_observer import AT_ONCE, observed
from tests.runtime.bodies import agent_body, body
from tests.runtime.test_gateway import runs
from tests.runtime.world import HOME, World

SETTINGS = Settings(operator_namespace=HOME, gateway=GatewaySettings(enabled=True, store=StoreSettings("redis://s:6379")))
NAME = "agentops-tenant-gateway"
OBJECTS = {Ref(version, kind, "shop", NAME) for version, kind in KINDS}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An operator of an installation with a gateway."""
    world = World(compile_settings=SETTINGS)
    yield world
    await world.stop()


def own(
    name: str = "own", namespace: str = "shop", secret: str = "agentops-own", alias: str = "chat", **fields: Any
) -> dict[str, Any]:
    """A tenant's policy that names a Secret of its namespace."""
    credential = {"secretName": secret, "keys": [{"role": "ApiKey", "key": "k"}]}
    target = {"name": "a", "provider": "openai", "model": "gpt-4o", "credential": credential}
    spec = {"targets": [target], "aliases": [{"name": alias, "targets": [{"name": "a"}]}]}
    return body("ProviderFallback", name, namespace, spec=spec, **fields)


def targets_of(world: World, namespace: str = "shop") -> dict[str, Any]:
    """What the namespace's gateway is told."""
    stored = world.cluster.objects[Ref("v1", "ConfigMap", namespace, NAME)]
    found: dict[str, Any] = json.loads(stored_text(stored))["targets"]
    return found


def state(targets: dict[str, Any], missing: tuple[str, ...] = (), error: str = "") -> dict[str, Any]:
    """What a replica says that has these targets."""
    said = {
        name: {"state": "CredentialMissing" if name in missing else "Idle", "digest": digest(t)} for name, t in targets.items()
    }
    return {"plan": {"digest": "sha256:any", "error": error}, "targets": said}


def shared(world: World) -> None:
    """The shared gateway runs what stands in the cluster, and a call came."""
    runs(world, "one")
    world.gateway.called = {"shop/billing"}


def message(world: World, type_: str, name: str = "own") -> str:
    """Message of a condition of a policy."""
    entries = world.status("ProviderFallback", name)["conditions"]
    return str(next(entry["message"] for entry in entries if entry["type"] == type_))


async def test_policy_with_a_credential_brings_a_gateway_and_takes_it_along(world: World) -> None:
    """Six objects for the first policy of a namespace, none for an unchanged cluster, none left without a policy."""
    policy = own()
    world.show(agent_body(), policy)
    await world.run()
    assert world.cluster.objects.keys() >= OBJECTS
    assert world.condition("ProviderFallback", "own", "Accepted") == ("True", "Accepted")
    before = world.cluster.writes
    world.echo()
    await world.run()
    assert world.cluster.writes == before
    world.remove(policy)
    await world.run()
    assert not OBJECTS & world.cluster.objects.keys()


async def test_second_policy_joins_the_gateway_and_leaves_it_to_the_first(world: World) -> None:
    """One gateway a namespace, with the targets of all its policies."""
    second = own("more", secret="agentops-more", alias="other")
    world.show(agent_body(), own(), second)
    await world.run()
    assert set(targets_of(world)) == {"shop/own/a", "shop/more/a"}
    world.remove(second)
    await world.run()
    assert set(targets_of(world)) == {"shop/own/a"}


async def test_policy_without_an_agent_brings_nothing(world: World) -> None:
    """Nobody would ask it."""
    world.show(agent_body(), own(namespace="bank"))
    await world.run()
    assert [ref for ref in world.cluster.objects if ref.name == NAME] == []


async def test_policy_is_in_force_when_both_gateways_run_it(world: World) -> None:
    """The shared one routes, the one of the namespace has the credential; each of them alone is not enough."""
    world.show(agent_body(), own())
    await world.run()
    shared(world)
    await world.run(60)
    assert world.condition("ProviderFallback", "own", "Programmed") == ("False", "AwaitingGateway")
    assert world.condition("Agent", "billing", "Programmed") == ("False", "AwaitingGateway")
    assert NAME in message(world, "Programmed")
    old = {"shop/own/a": {"model": "an older one"}}
    world.tenants.answers["shop"] = [state(targets_of(world)), state(old)]
    await world.run(20)
    assert world.condition("ProviderFallback", "own", "Programmed") == ("False", "AwaitingGateway")
    world.tenants.answers["shop"] = [state(targets_of(world))] * 2
    await world.run(20)
    assert world.condition("ProviderFallback", "own", "Programmed") == ("True", "Programmed")
    assert world.condition("ProviderFallback", "own", "Enforced") == ("True", "Probed")


async def test_missing_secret_is_named_with_its_namespace(world: World) -> None:
    """One replica without it is enough."""
    world.show(agent_body(), own())
    await world.run()
    shared(world)
    world.tenants.answers["shop"] = [state(targets_of(world)), state(targets_of(world), missing=("shop/own/a",))]
    await world.run(60)
    assert world.condition("ProviderFallback", "own", "Enforced") == ("False", "CredentialMissing")
    assert "create Secret shop/agentops-own with k" in message(world, "Enforced")


async def test_budget_does_not_wait_for_a_credential(world: World) -> None:
    """It is counted by the shared gateway."""
    world.show(agent_body(), own(), body("Budget", "daily", "shop", spec={"limit": "10"}))
    await world.run()
    shared(world)
    await world.run(60)
    assert world.condition("Budget", "daily", "Enforced") == ("True", "Probed")


async def test_quota_that_refuses_the_gateway_is_told_and_tried_again(world: World) -> None:
    """The policy says what the API server said; everything else of the operator goes on, and it mends itself."""
    quota = ApiError(403, "Forbidden", 'services "agentops-tenant-gateway" is forbidden: exceeded quota: small')
    world.cluster.refusals["Service"] = quota
    world.show(agent_body(), own())
    await world.run()
    shared(world)
    await world.run(20)
    assert world.condition("ProviderFallback", "own", "Programmed") == ("False", "GatewayRefused")
    assert "exceeded quota: small" in message(world, "Programmed")
    assert Ref("apps/v1", "Deployment", "shop", NAME) in world.cluster.objects
    world.cluster.refusals.clear()
    await world.run(120)
    assert world.cluster.objects.keys() >= OBJECTS
    world.tenants.answers["shop"] = [state(targets_of(world))]
    await world.run(30)
    assert world.condition("ProviderFallback", "own", "Programmed") == ("True", "Programmed")


async def test_pods_that_a_limit_range_refuses_are_told_while_nothing_runs(world: World) -> None:
    """The events of the ReplicaSet say why, and nobody else does."""
    world.show(agent_body(), own())
    await world.run()
    shared(world)
    event = {
        "metadata": {"name": "e", "namespace": "shop", "uid": "e1"},
        "apiVersion": "v1",
        "kind": "Event",
        "reason": "FailedCreate",
        "involvedObject": {"kind": "ReplicaSet", "name": f"{NAME}-7c9d8b5f6d"},
        "message": 'Error creating: pods "x" is forbidden: maximum cpu usage per Container is 10m, but limit is 1',
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    world.operator._refusals._event("ADDED", event)
    await world.run(20)
    assert world.condition("ProviderFallback", "own", "Programmed") == ("False", "GatewayRefused")
    assert "maximum cpu usage per Container is 10m" in message(world, "Programmed")
    world.tenants.answers["shop"] = [state(targets_of(world))]
    await world.run(20)
    assert world.condition("ProviderFallback", "own", "Programmed") == ("True", "Programmed")


async def test_restart_writes_nothing_and_unsays_nothing(world: World) -> None:
    """Replicas say what they run, so no plan need be remembered."""
    world.show(agent_body(), own())
    await world.run()
    shared(world)
    world.tenants.answers["shop"] = [state(targets_of(world))]
    await world.run(60)
    second = await world.restart()
    await second.run(60)
    assert second.cluster.writes == 0, second.cluster.calls
    assert second.condition("ProviderFallback", "own", "Enforced") == ("True", "Probed")
    await second.stop()


async def test_gateway_whose_policy_went_while_nobody_watched_is_taken_away(world: World) -> None:
    """Also where the namespace has no Agent left."""
    agent, policy = agent_body(), own()
    world.show(agent, policy)
    await world.run()
    await world.stop()
    for gone in (agent, policy):
        world.cluster.objects.pop(Ref(gone["apiVersion"], gone["kind"], "shop", gone["metadata"]["name"]))
    second = await world.restart()
    await second.run()
    assert not OBJECTS & second.cluster.objects.keys()
    await second.stop()


async def test_gateway_that_is_switched_off_takes_those_of_tenants_along(world: World) -> None:
    """Without the shared one nobody may ask them."""
    world.show(agent_body(), own())
    await world.run()
    world.settings = replace(SETTINGS, gateway=GatewaySettings())
    second = await world.restart()
    await second.run()
    assert not OBJECTS & second.cluster.objects.keys()
    await second.stop()


async def test_object_that_a_tenant_changed_is_put_right(world: World) -> None:
    """A namespace's admin may delete the network policy; it comes back."""
    world.show(agent_body(), own())
    await world.run()
    door = Ref("networking.k8s.io/v1", "NetworkPolicy", "shop", NAME)
    world.remove(world.cluster.objects[door])
    assert door not in world.cluster.objects
    await world.run()
    assert door in world.cluster.objects


async def test_many_namespaces_are_asked_in_turn(world: World) -> None:
    """A look asks a few of them, and none is forgotten."""
    namespaces = [f"team-{number}" for number in range(2 * AT_ONCE)]
    selector = {"podSelector": {"matchLabels": {"app": "billing"}}}
    for namespace in namespaces:
        world.show(body("Agent", "billing", namespace, spec=selector), own(namespace=namespace))
    await world.run()
    world.tenants.asked.clear()
    await world.run(9)
    assert len(world.tenants.asked) <= 2 * AT_ONCE
    await world.run(6)
    assert set(world.tenants.asked) == set(namespaces)


async def test_answer_that_is_nested_without_end_blinds_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One tenant's answer is that tenant's fault; the others are looked at all the same."""
    for namespace in ("shop", "team"):
        world.show(agent_body(namespace=namespace), own(namespace=namespace))
    await world.run()
    shared(world)
    plain = world.tenants.states

    async def states(namespace: str) -> list[Any]:
        return json.loads("[" * 200_000) if namespace == "shop" else await plain(namespace)  # type: ignore[no-any-return]

    monkeypatch.setattr(world.tenants, "states", states)
    world.tenants.answers["team"] = [state(targets_of(world, "team"))]
    await world.run(30)
    seen = world.operator.store.tenant_gateways
    assert "RecursionError" in seen["shop"].error or "recursion" in seen["shop"].error
    assert seen["team"].error == ""


@pytest.mark.parametrize("answer", [{}, {"targets": {}}, {"plan": {}, "targets": {"a": {}}}, {"plan": {}, "targets": []}, []])
def test_answer_of_another_shape_is_an_error_and_no_end(answer: Any) -> None:
    """What stands in a tenant's namespace may say anything."""
    with pytest.raises((KeyError, TypeError, AttributeError)):
        observed([answer])
