"""Egress of Agents: the NetworkPolicy follows the Agent, those of others are watched, and a refusal needs a control."""

import asyncio
from typing import Any

import pytest

from agentops_operator.runtime import observer
from agentops_operator.runtime.objects import Ref
from agentops_operator.runtime.observer import HttpRelay
from agentops_operator.runtime.settings import RuntimeSettings
from tests.runtime.bodies import agent_body, pod_body
from tests.runtime.fakes import settle
from tests.runtime.world import World

NETWORKING = "networking.k8s.io/v1"
SELECTOR = {"podSelector": {"matchLabels": {"app": "billing"}}}
RESTRICTED = {**SELECTOR, "egress": {"mode": "Enforced"}}


def ours(world: World) -> list[str]:
    """Names of the NetworkPolicies that the operator applied."""
    return [ref.name for ref in world.cluster.objects if ref.kind == "NetworkPolicy" and "agentops-egress" in ref.name]


def other(name: str = "open", **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy that somebody wrote; by default it opens everything."""
    wanted = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}], **spec}
    metadata = {"name": name, "namespace": "shop", "uid": f"np-{name}", "resourceVersion": "1"}
    return {"apiVersion": NETWORKING, "kind": "NetworkPolicy", "metadata": metadata, "spec": wanted}


async def event(world: World, kind: str, body: dict[str, Any]) -> None:
    """An event in the stream of NetworkPolicies."""
    await world.cluster.streams[Ref(NETWORKING, "NetworkPolicy", "", "")].put({"type": kind, "object": body})
    await settle()
    await world.run(2)


@pytest.fixture
async def proven(world: World) -> World:
    """An Agent whose one pod was refused the canary."""
    world.relay.answers["10.0.0.1"] = {"cursor": "1", "relay": {}, "agents": []}
    world.cluster.put(pod_body("one", agent="billing"))
    world.show(agent_body(spec=RESTRICTED))
    await world.run(5)
    digest = world.status("Agent", "billing")["rulesDigest"]
    report = {"name": "one", "uid": "pod-shop-one", "version": "0.1.0", "rulesDigest": digest, "egress": "Refused"}
    entry = {"namespace": "shop", "agent": "billing", "storedSpans": 1, "pods": [report]}
    world.relay.answers["10.0.0.1"] = {"cursor": "2", "relay": {}, "agents": [entry]}
    await world.run(11)
    return world


async def test_refusal_in_the_pod_is_what_enforced_rests_on(proven: World) -> None:
    """The policy is applied, and that the pod was refused is seen."""
    assert len(ours(proven)) == 1
    assert proven.condition("Agent", "billing", "Enforced") == ("True", "Enforced")
    assert proven.status("Agent", "billing")["egress"] == "1/1"


async def test_canary_that_falls_silent_proves_nothing_any_more(proven: World) -> None:
    """One lost greeting is no news, three are; then a refusal may have any cause."""
    proven.relay.greeting = False
    await proven.run(11)
    assert proven.condition("Agent", "billing", "Enforced") == ("True", "Enforced")
    await proven.run(30)
    assert proven.condition("Agent", "billing", "Enforced") == ("Unknown", "CanarySilent")


async def test_policy_of_somebody_else_that_opens_more_is_told_while_it_is_there(proven: World) -> None:
    """NetworkPolicies add up: what another one opens is open, however the Agent's own list reads."""
    await event(proven, "ADDED", other())
    assert proven.condition("Agent", "billing", "Enforced") == ("False", "EgressWidened")
    await event(proven, "MODIFIED", other(egress=[]))
    assert proven.condition("Agent", "billing", "Enforced") == ("True", "Enforced")
    await event(proven, "MODIFIED", other())
    await event(proven, "DELETED", other())
    assert proven.condition("Agent", "billing", "Enforced") == ("True", "Enforced")


async def test_policies_of_others_concern_nobody_whose_egress_is_open(proven: World) -> None:
    """An event is no reason to look at every Agent of the namespace."""
    proven.show(agent_body("open"))
    await proven.run(2)
    assert list(proven.operator.store.network_changed("shop")) == [agent.key for agent in proven.operator.store.agents][:1]


async def test_label_of_ours_hides_no_policy_of_others(proven: World) -> None:
    """Anybody can write a label; only what an Agent owns is taken for ours, and that is pruned where nobody wants it."""
    hidden = other()
    hidden["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "agentops-operator"}
    await event(proven, "ADDED", hidden)
    assert proven.condition("Agent", "billing", "Enforced") == ("False", "EgressWidened")


async def test_policy_goes_when_egress_is_unrestricted_again(proven: World) -> None:
    """Nothing is left behind, in the cluster and in the status."""
    proven.show(agent_body(spec=SELECTOR, generation=2))
    await proven.run(2)
    assert ours(proven) == []
    assert "egress" not in proven.status("Agent", "billing")


@pytest.mark.parametrize(("line", "greets"), [(b"canary\n", True), (b"", False)], ids=["relay", "proxy on the way"])
async def test_only_what_is_read_counts_as_a_greeting(line: bytes, greets: bool) -> None:
    """A connection that is taken and closed is one to somebody else; a closed port is none at all."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    relay = HttpRelay(RuntimeSettings(relay_canary_port=server.sockets[0].getsockname()[1]))
    assert await relay.greets("127.0.0.1") is greets
    server.close()
    await server.wait_closed()
    assert not await relay.greets("127.0.0.1")


async def test_silent_canary_keeps_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that takes the connection and says nothing is hung up on, or each look would leave one open."""
    monkeypatch.setattr(observer, "GREETING", 0.05)
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    relay = HttpRelay(RuntimeSettings(relay_canary_port=server.sockets[0].getsockname()[1]))
    assert not await relay.greets("127.0.0.1")
    await asyncio.wait_for(ended.wait(), 10)
    server.close()
    await server.wait_closed()
