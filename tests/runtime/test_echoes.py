"""Events that a watch shows before the API server has answered the write that made them."""

from collections.abc import Callable
from typing import Any

import pytest

from agentops_operator.agent.compile import compile_agent
from agentops_operator.agent.facts import Input
from agentops_operator.agent.plan import Plan
from agentops_operator.runtime.objects import ref_of
from agentops_operator.runtime.status import same
from tests.runtime.bodies import agent_body
from tests.runtime.world import World


def before_each_answer(world: World, show: Callable[[dict[str, Any]], None]) -> None:
    """Lets the watch show something between a write and its answer."""
    apply, apply_status = world.cluster.apply, world.cluster.apply_status

    async def applied(obj: dict[str, Any]) -> dict[str, Any]:
        answer = await apply(obj)
        show(world.cluster.objects[ref_of(obj)])
        return answer

    async def status_applied(obj: dict[str, Any]) -> dict[str, Any]:
        answer = await apply_status(obj)
        show(world.cluster.objects[ref_of(obj)])
        return answer

    world.cluster.apply = applied  # type: ignore[method-assign]
    world.cluster.apply_status = status_applied  # type: ignore[method-assign]


def passes_of(world: World) -> list[str]:
    """Names of the Agents that are decided on, as they come."""
    names: list[str] = []

    def compile_and_count(facts: Input) -> Plan:
        names.append(facts.agent.key.name)
        return compile_agent(facts)

    world.compile_with(compile_and_count)
    return names


async def test_echo_that_is_faster_than_the_answer_is_no_second_pass(world: World) -> None:
    """A new Agent is decided on once, however fast the watch is."""
    passes = passes_of(world)
    before_each_answer(world, lambda obj: world.operator.intake.seen(obj["kind"], obj))
    world.show(agent_body())
    await world.run()
    assert passes == ["billing"]
    assert world.condition("Agent", "billing", "Ready") == ("True", "Ready")


async def test_change_by_somebody_else_before_the_answer_is_mended(world: World) -> None:
    """What was changed between our write and its answer is put right, in children and in the status."""
    changed: set[str] = set()

    def change_once(obj: dict[str, Any]) -> None:
        if obj["kind"] in ("ConfigMap", "Agent") and obj["metadata"]["namespace"] == "shop" and obj["kind"] not in changed:
            changed.add(obj["kind"])
            other = {"data": {"rules.v1.json": "{}"}} if obj["kind"] == "ConfigMap" else {"status": {"traced": "9/9"}}
            world.operator.intake.seen(obj["kind"], world.cluster.put({**obj, **other}))

    before_each_answer(world, change_once)
    world.show(agent_body())
    await world.run()
    assert changed == {"ConfigMap", "Agent"}
    (rules,) = (obj for ref, obj in world.cluster.objects.items() if ref.kind == "ConfigMap" and ref.namespace == "shop")
    assert rules["data"]["rules.v1.json"] != "{}"
    assert world.status("Agent", "billing")["traced"] == "0/0"


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        pytest.param({"a": 1, "b": ""}, {"a": 1}, True, id="an empty text is an absent one"),
        pytest.param({"a": {"b": []}}, {}, True, id="so is an object of nothing but empty fields"),
        pytest.param({"list": [{"message": ""}]}, {"list": [{}]}, True, id="in lists too"),
        pytest.param({"a": 1}, {}, False, id="a value is not"),
        pytest.param({"a": False}, {}, False, id="nor is false"),
        pytest.param({"a": 0}, {}, False, id="nor is zero"),
        pytest.param({"list": [1]}, {"list": []}, False, id="nor a list with an item"),
        pytest.param({"list": [{}]}, {"list": []}, False, id="not even with an empty one"),
    ],
)
def test_statuses_that_say_the_same(one: dict[str, Any], other: dict[str, Any], wanted: bool) -> None:
    """The API server may drop what is empty, and that is no difference."""
    assert same(one, other) is wanted
    assert same(other, one) is wanted
