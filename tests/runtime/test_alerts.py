"""Alert rules stand where Prometheus finds them, and Agents say whether it has."""

import asyncio
from collections.abc import Mapping
from typing import Any

from agentops_operator.agent.alert_rules import MONITORING_API, NAME, name_of, rule_group
from agentops_operator.agent.facts import Key
from agentops_operator.runtime.alerts import EVERY, AlertObserver
from agentops_operator.runtime.objects import Ref
from tests.runtime.bodies import agent_body
from tests.runtime.world import HOME, World


class FakePrometheus:
    """A Prometheus that has loaded what a test says, or does not answer."""

    def __init__(self) -> None:
        self.groups: list[dict[str, Any]] | None = []

    async def rules(self) -> Mapping[str, Any]:
        """The answer of the rules API."""
        if self.groups is None:
            raise OSError("connection refused")
        return {"status": "success", "data": {"groups": self.groups}}


def loaded_group(namespace: str) -> dict[str, Any]:
    """The rules of a namespace as a Prometheus shows them that evaluated all of them."""
    group = rule_group(namespace, HOME)
    return {"name": group["name"], "rules": [{"name": name_of(rule), "health": "ok"} for rule in group["rules"]]}


async def test_rules_follow_the_namespaces_that_hold_agents(world: World) -> None:
    """One file a namespace; a namespace that loses its last Agent loses its file."""
    agent = agent_body()
    world.show(agent)
    await world.run()
    rules = world.cluster.objects[Ref("v1", "ConfigMap", HOME, NAME)]
    assert set(rules["data"]) == {"shop.rules.yaml", f"{HOME}.rules.yaml"}
    world.remove(agent)
    await world.run()
    rules = world.cluster.objects[Ref("v1", "ConfigMap", HOME, NAME)]
    assert set(rules["data"]) == {f"{HOME}.rules.yaml"}


async def test_prometheus_operator_gets_its_own_kind(world: World) -> None:
    """Where PrometheusRule is served, each namespace gets one, and it goes with the last Agent."""
    world.cluster.kinds.add("PrometheusRule")
    agent = agent_body()
    world.show(agent)
    await world.run()
    mine = Ref(MONITORING_API, "PrometheusRule", "shop", NAME)
    assert mine in world.cluster.objects
    world.remove(agent)
    await world.run()
    assert mine not in world.cluster.objects


async def test_agents_learn_whether_their_rules_are_loaded(world: World) -> None:
    """Loaded rules, missing ones and a silent Prometheus are three different facts; one lost answer is none."""
    world.show(agent_body())
    await world.run()
    prometheus, due = FakePrometheus(), list[Key]()
    observer = AlertObserver(prometheus, world.operator.store, due.append, world.clock)
    await observer.look()
    assert "does not know rule group" in world.operator.store.alerting["shop"].error
    prometheus.groups = [loaded_group("shop")]
    await observer.look()
    assert world.operator.store.alerting["shop"].error == ""
    assert len(due) == 2
    prometheus.groups = None
    await observer.look()
    assert world.operator.store.alerting["shop"].unreachable == ""
    await observer.look()
    await observer.look()
    assert "connection refused" in world.operator.store.alerting["shop"].unreachable
    assert EVERY >= 10


async def test_silent_prometheus_is_said_before_the_first_decision(world: World) -> None:
    """After a restart nothing is decided until Prometheus answered or counts as unreachable, or statuses would flap."""
    world.show(agent_body())
    await world.run()
    prometheus = FakePrometheus()
    prometheus.groups = None
    observer = AlertObserver(prometheus, world.operator.store, list[Key]().append, world.clock)
    look = asyncio.create_task(observer.first_look())
    await world.clock.advance(5)
    assert look.done()
    assert "connection refused" in world.operator.store.alerting["shop"].unreachable
