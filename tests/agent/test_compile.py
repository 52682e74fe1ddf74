"""The compile step on golden cases; run with `UPDATE_GOLDEN=1` to accept what it says now."""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agentops_operator.agent.compile import compile_agent
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
