"""The compile step on golden cases; run with `UPDATE_GOLDEN=1` to accept what it says now."""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agentops_operator.agent.compile import compile_agent
from agentops_operator.agent.types import AgentStatus
from tests.agent import facts_file

CASES = sorted(path.parent for path in facts_file.CASES.glob("*/facts.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_plan_is_the_golden_one(case: Path) -> None:
    """The same facts give the plan that was reviewed."""
    got = facts_file.dump(compile_agent(facts_file.facts(yaml.safe_load((case / "facts.yaml").read_text()))))
    golden = case / "plan.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(got)
    assert got == golden.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_plan_does_not_depend_on_the_order_of_facts(case: Path) -> None:
    """Shuffled policies, pods and rivals give the same bytes, or every pass would write."""
    facts = facts_file.facts(yaml.safe_load((case / "facts.yaml").read_text()))
    want = facts_file.dump(compile_agent(facts))
    shuffler = random.Random(7)
    for _ in range(20):
        shuffled = {
            name: tuple(shuffler.sample(items, len(items)))
            for name in ("policies", "pods", "rivals")
            for items in [getattr(facts, name)]
        }
        assert facts_file.dump(compile_agent(replace(facts, **shuffled))) == want


def test_status_of_an_agent_with_very_many_policies_can_be_stored() -> None:
    """The API server would refuse a longer list, and the Agent would say for ever what it said before."""
    agent = {"kind": "Agent", "metadata": {"name": "billing"}, "spec": {"targetRef": {"kind": "Deployment", "name": "billing"}}}
    policies = [{"kind": "MaskingPolicy", "metadata": {"name": f"mask-{number}"}, "spec": {}} for number in range(70)]
    plan = compile_agent(facts_file.facts({"resources": [agent, *policies]}))
    assert len(AgentStatus.model_validate({"policies": plan.status["policies"]}).policies) == len(plan.status["policies"]) == 64
    assert len(plan.outcomes) == 70
