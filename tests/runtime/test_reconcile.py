"""One Agent from its creation to its deletion: what is written, and above all what is not."""

from dataclasses import replace
from typing import Any

import pytest

from agentops_operator.agent.compile import compile_agent
from agentops_operator.agent.facts import Input
from agentops_operator.agent.plan import Plan
from agentops_operator.runtime.objects import ApiError, Ref
from tests.runtime.bodies import agent_body, masking_body, pod_body
from tests.runtime.fakes import settle
from tests.runtime.world import World


def rules_of(world: World) -> list[Ref]:
    """ConfigMaps in the namespace of the Agents."""
    return [ref for ref in world.cluster.objects if ref.kind == "ConfigMap" and ref.namespace == "shop"]


async def test_new_agent_costs_its_child_and_one_status(world: World) -> None:
    """Creating an Agent writes the rules once and its status once; the index is one more write for the namespace."""
    world.show(agent_body())
    await world.run()
    assert world.cluster.calls["apply ConfigMap"] == 1 + 2  # the rules; beside them the relay's and the alert rules
    assert world.cluster.calls["status Agent"] == 1
    assert world.cluster.calls["apply InjectionIndex"] == 1
    assert [entry["agent"] for entry in world.index()["app=billing"]] == ["billing"]


async def test_restart_over_an_unchanged_cluster_writes_nothing(world: World) -> None:
    """A new process that finds everything as it should be sends no write at all."""
    world.show(agent_body(), agent_body("search"), masking_body())
    await world.run()
    second = await world.restart()
    await second.run()
    assert second.cluster.writes == 0, second.cluster.calls
    await second.stop()


async def test_relist_and_label_touch_write_nothing(world: World) -> None:
    """Seeing all objects again, or an Agent with another label, changes nothing and writes nothing."""
    world.show(agent_body(), masking_body())
    await world.run()
    before = world.cluster.writes
    world.echo()
    stored = next(obj for obj in world.cluster.objects.values() if obj["kind"] == "Agent")
    world.show({**stored, "metadata": {**stored["metadata"], "labels": {"touched": "yes"}}})
    await world.run()
    assert before == world.cluster.writes


async def test_deleted_child_comes_back(world: World) -> None:
    """A rules ConfigMap that somebody deletes is applied again, alone."""
    world.show(agent_body())
    await world.run()
    (ref,) = rules_of(world)
    before = world.cluster.writes
    world.remove(world.cluster.objects[ref])
    await world.run()
    assert [ref] == rules_of(world)
    assert before + 1 == world.cluster.writes


async def test_changed_child_is_mended(world: World) -> None:
    """Content that somebody edits in a child is put right."""
    world.show(agent_body())
    await world.run()
    (ref,) = rules_of(world)
    good = world.cluster.objects[ref]["data"]
    world.show({**world.cluster.objects[ref], "data": {"rules.v1.json": "{}"}})
    await world.run()
    assert good == world.cluster.objects[ref]["data"]


async def test_field_that_is_no_longer_wanted_is_removed_even_by_a_new_version(world: World) -> None:
    """A key that another version of the operator wrote and this one does not want leads to an apply, which removes it."""

    def compile_with_more(facts: Input) -> Plan:
        plan = compile_agent(facts)
        return replace(plan, children=tuple({**child, "data": {**child["data"], "old": "x"}} for child in plan.children))

    world.compile_with(compile_with_more)
    world.show(agent_body())
    await world.run()
    second = await world.restart()
    await second.run()
    (ref,) = rules_of(second)
    assert set(second.cluster.objects[ref]["data"]) == {"rules.v1.json"}
    assert second.cluster.writes == 1
    await second.stop()


async def test_child_that_is_stored_in_another_form_is_applied_once(world: World) -> None:
    """An object whose stored form differs from the applied one for ever is not applied for ever."""
    world.cluster.default = lambda obj: obj.get("data", {}).update(dict.fromkeys(obj.get("data", {}), "stored"))
    world.show(agent_body())
    await world.run()
    before = world.cluster.writes
    world.echo()
    world.show(masking_body("other", "elsewhere"))
    await world.run()
    assert before + 1 == world.cluster.writes  # the status of the other policy


async def test_child_that_is_no_longer_wanted_is_pruned(world: World) -> None:
    """An Agent that loses its pods to an older one loses its rules and its entry too."""
    younger = agent_body("younger", app="billing", created="2026-11-23T09:30:00Z")
    world.show(younger)
    await world.run()
    assert len(rules_of(world)) == 1
    world.show(agent_body("older", app="billing", created="2026-11-23T08:00:00Z"))
    await world.run()
    assert [entry["agent"] for entry in world.index()["app=billing"]] == ["older"]
    assert [ref.name.startswith("older") for ref in rules_of(world)] == [True]
    assert world.condition("Agent", "younger", "Accepted") == ("False", "Conflicted")


async def test_loser_wins_when_the_winner_goes(world: World) -> None:
    """The younger Agent takes over when the older one is deleted."""
    older = agent_body("older", app="billing", created="2026-11-23T08:00:00Z")
    world.show(older, agent_body("younger", app="billing"))
    await world.run()
    world.remove(older)
    await world.run()
    assert world.condition("Agent", "younger", "Accepted") == ("True", "Accepted")
    assert [entry["agent"] for entry in world.index()["app=billing"]] == ["younger"]


async def test_objects_of_others_are_never_pruned(world: World) -> None:
    """A ConfigMap that an Agent owns but that the operator did not label stays."""
    world.show(agent_body())
    await world.run()
    (ref,) = rules_of(world)
    mine = {**world.cluster.objects[ref], "metadata": {**world.cluster.objects[ref]["metadata"], "name": "mine", "labels": {}}}
    world.show(mine)
    await world.run()
    assert {"mine", ref.name} == {found.name for found in rules_of(world)}
    assert world.cluster.calls["delete ConfigMap"] == 0


async def test_refused_child_is_said_and_tried_again(world: World) -> None:
    """What the API server refuses stands in the status, is tried again, and the status heals with it."""
    world.cluster.refusals["ConfigMap"] = ApiError(403, "Forbidden", "exceeded quota")
    world.show(agent_body())
    await world.run(5)
    status, reason = world.condition("Agent", "billing", "Programmed")
    assert (status, reason) == ("False", "ApplyFailed")
    assert any("exceeded quota" in entry["message"] for entry in world.status("Agent", "billing")["conditions"])
    assert world.cluster.calls["status Agent"] == 1, "retries repeat no status"
    assert world.cluster.calls["apply ConfigMap"] > 2
    world.cluster.refusals.clear()
    await world.run(60)
    assert world.condition("Agent", "billing", "Ready") == ("True", "Ready")


async def test_poison_agent_disturbs_no_neighbour(world: World) -> None:
    """An Agent on which compiling fails is tried ever more slowly; its neighbours and the index do not wait for it."""
    tries = []

    def compile_or_fail(facts: Input) -> Plan:
        if facts.agent.key.name == "poison":
            tries.append(world.clock.monotonic())
            raise RuntimeError("a fault of ours")
        return compile_agent(facts)

    world.compile_with(compile_or_fail)
    world.show(agent_body("poison"), agent_body("billing"))
    await world.run(60)
    assert world.condition("Agent", "billing", "Ready") == ("True", "Ready")
    assert list(world.index()) == ["app=billing"]
    assert 4 <= len(tries) <= 12
    assert tries[-1] - tries[-2] > tries[1] - tries[0]


async def test_agent_that_breaks_over_a_restart_keeps_its_entry(world: World) -> None:
    """When a new version of the operator cannot work on an Agent, its pods are injected as before."""
    world.show(agent_body("broken"), agent_body("billing"))
    await world.run()
    second = await world.restart()

    def compile_or_fail(facts: Input) -> Plan:
        if facts.agent.key.name == "broken":
            raise RuntimeError("a fault of ours")
        return compile_agent(facts)

    second.compile_with(compile_or_fail)
    second.show(agent_body("search"))
    await second.run(5)
    assert set(second.index()) == {"app=broken", "app=billing", "app=search"}
    await second.stop()


async def test_agent_that_cannot_be_read_is_stalled_and_left_in_force(world: World) -> None:
    """A spec of another version becomes Stalled with field and mend; rules and entry of before stay."""
    world.show(agent_body())
    await world.run()
    world.show(agent_body(spec={"podSelector": {"matchLabels": {"app": "billing"}}, "colour": "red"}, generation=2))
    await world.run()
    assert world.condition("Agent", "billing", "Stalled") == ("True", "Invalid")
    message = world.status("Agent", "billing")["conditions"][0]["message"]
    assert "spec.colour is not known to this version" in message
    assert "app=billing" in world.index()
    assert len(rules_of(world)) == 1


async def test_deleted_agent_leaves_the_shared_tables(world: World) -> None:
    """Deleting the only Agent removes the index; its children are left to garbage collection."""
    agent = agent_body()
    world.show(agent)
    await world.run()
    world.remove(agent)
    await world.run()
    assert world.index() == {}
    assert world.cluster.calls["delete InjectionIndex"] == 1
    assert world.cluster.calls["delete ConfigMap"] == 0


async def test_index_waits_for_every_agent_after_a_restart(world: World) -> None:
    """No index with half of the Agents is ever written, or pods of the others would start without sidecar."""
    world.show(*(agent_body(f"agent-{number}") for number in range(20)))
    await world.run()
    full = world.index()
    seen = []
    second = await world.restart()
    second.cluster.default = lambda obj: seen.append(len(obj["agents"])) if obj["kind"] == "InjectionIndex" else None
    second.show(agent_body("agent-0", spec={"podSelector": {"matchLabels": {"app": "agent-0", "tier": "x"}}}, generation=2))
    await second.run()
    assert set(seen) == {20}
    assert set(full) == set(second.index())
    await second.stop()


async def test_burst_of_agents_makes_few_index_writes(world: World) -> None:
    """Fifty Agents in five seconds are at most one index write a second."""
    world.start()
    for number in range(50):
        world.show(agent_body(f"agent-{number}"))
        await world.run(0.1)
    await world.run(5)
    assert len(world.index()) == 50
    assert world.cluster.calls["apply InjectionIndex"] <= 7


async def test_refused_index_is_said_by_its_agents(world: World) -> None:
    """An index that the API server refuses shows in the Agents of its namespace, and goes away when it is mended."""
    world.cluster.refusals["InjectionIndex"] = ApiError(422, "Invalid", "too large")
    world.show(agent_body())
    await world.run(5)
    assert world.condition("Agent", "billing", "Programmed") == ("False", "ApplyFailed")
    world.cluster.refusals.clear()
    await world.run(60)
    assert world.condition("Agent", "billing", "Programmed")[0] == "True"


async def test_status_that_somebody_edits_is_mended(world: World) -> None:
    """A status written by somebody else is replaced by what is true."""
    world.show(agent_body())
    await world.run()
    stored = next(obj for obj in world.cluster.objects.values() if obj["kind"] == "Agent")
    good = stored["status"]
    world.show({**stored, "status": {**good, "traced": "99/99"}})
    await world.run()
    assert good == world.status("Agent", "billing")


async def test_pods_are_known_before_the_first_pass(world: World) -> None:
    """The first status already counts the pods that are there, so that a restart does not unsay and say again."""
    world.cluster.put(pod_body("one", agent="billing"))
    world.show(agent_body())
    await world.run()
    assert world.status("Agent", "billing")["pods"]["injected"] == 1
    assert world.cluster.calls["status Agent"] == 1


async def test_event_on_a_pod_changes_its_agents_only(world: World) -> None:
    """A pod that appears in the watch changes the status of the Agent that matches it, and of no other."""
    world.show(agent_body(), agent_body("search"))
    await world.run()
    world.cluster.calls.clear()
    await world.cluster.streams[Ref("v1", "Pod", "shop", "")].put({"type": "ADDED", "object": pod_body("one", agent="billing")})
    await settle()
    await world.run()
    assert world.cluster.calls["status Agent"] == 1
    assert world.status("Agent", "billing")["pods"]["matched"] == 1


async def test_policy_status_counts_its_agents(world: World) -> None:
    """A policy's status is the sum over its Agents, and is written once for all of them."""
    world.show(masking_body(), *(agent_body(f"agent-{number}") for number in range(5)))
    await world.run()
    assert world.status("MaskingPolicy", "mask")["agents"]["matched"] == 5
    assert world.cluster.calls["status MaskingPolicy"] == 1


async def test_policy_that_goes_is_no_longer_counted(world: World) -> None:
    """Deleting a policy changes the rules of the Agents that it bound."""
    policy = masking_body()
    world.show(policy, agent_body())
    await world.run()
    before = world.status("Agent", "billing")["rulesDigest"]
    world.remove(policy)
    await world.run()
    assert before != world.status("Agent", "billing")["rulesDigest"]


async def test_namespace_that_goes_makes_no_noise(world: World) -> None:
    """What is refused because the namespace is being deleted is neither tried again nor told."""
    gone = ApiError(403, "Forbidden", "unable to create new content in namespace shop because it is being terminated")
    world.cluster.refusals.update({"ConfigMap": gone, "InjectionIndex": gone, "Agent": gone})
    world.show(agent_body())
    await world.run(60)
    assert world.cluster.calls["apply InjectionIndex"] == 1
    assert world.cluster.calls["status Agent"] == 1


async def test_agent_deleted_during_its_pass_is_no_error(world: World) -> None:
    """A status that finds no object any more is not tried again."""
    world.cluster.refusals["Agent"] = ApiError(404, "NotFound", "not found")
    world.show(agent_body())
    await world.run(60)
    assert world.cluster.calls["status Agent"] == 1
    errors = world.metrics.registry.get_sample_value("controller_runtime_reconcile_errors_total", {"controller": "agentops"})
    assert not errors


@pytest.mark.parametrize(("field", "value", "kept"), [("serviceName", "other", True), ("volumeClaimTemplates", [], False)])
async def test_relay_whose_volumes_change_is_made_anew(world: World, field: str, value: Any, kept: bool) -> None:
    """It is deleted and applied again; its pods are kept, unless their volume becomes a claim or is none any more."""
    world.show(agent_body())
    await world.run()
    (old,) = (obj for ref, obj in world.cluster.objects.items() if ref.kind == "StatefulSet")
    world.show({**old, "spec": {**old["spec"], field: value}})
    plain, refusal = world.cluster.apply, ApiError(422, "Invalid", "updates to statefulset spec for fields other than ...")

    async def apply(obj: dict[str, Any]) -> dict[str, Any]:
        if obj["kind"] == "StatefulSet" and any(ref.kind == "StatefulSet" for ref in world.cluster.objects):
            raise refusal
        return await plain(obj)

    world.cluster.apply = apply  # type: ignore[method-assign]
    await world.run()
    (new,) = (obj for ref, obj in world.cluster.objects.items() if ref.kind == "StatefulSet")
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert new["spec"][field] == old["spec"][field]
    assert world.cluster.orphaned == [kept]
