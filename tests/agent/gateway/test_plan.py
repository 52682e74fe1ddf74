"""The gateway plan on golden cases; run with `UPDATE_GOLDEN=1` to accept what it says now."""

import os
import random
from pathlib import Path

import pytest

from agentops_operator.agent.gateway.plan import gateway_plan
from agentops_operator.agent.gateway.row import row_digests
from agentops_operator.kube.digest import canonical, digest
from tests.agent.gateway.judge import problems
from tests.agent.gateway.world import CASES, dump, load

WORLDS = sorted(path.parent for path in CASES.glob("*/world.yaml"))


@pytest.mark.parametrize("case", WORLDS, ids=lambda path: path.name)
def test_plan_is_the_golden_one(case: Path) -> None:
    """The same facts give the plan that was reviewed."""
    got = dump(load((case / "world.yaml").read_text()))
    golden = case / "plan.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(got)
    assert got == golden.read_text()


@pytest.mark.parametrize("case", WORLDS, ids=lambda path: path.name)
def test_plan_is_taken_by_the_gateway(case: Path, tmp_path: Path) -> None:
    """What the operator compiles is what the gateway's own decoder reads, its digest included."""
    world = load((case / "world.yaml").read_text())
    assert [problems(plan, tmp_path) for plan in (world.plan(), *world.tenants().values()) if problems(plan, tmp_path)] == []


@pytest.mark.parametrize("case", WORLDS, ids=lambda path: path.name)
def test_plan_does_not_depend_on_the_order_of_facts(case: Path) -> None:
    """Shuffled Agents and policies give the same bytes, or every restart would write the plan."""
    world = load((case / "world.yaml").read_text())
    want, shuffler = canonical(world.plan()), random.Random(7)
    for _ in range(20):
        shuffler.shuffle(world.agents)
        shuffler.shuffle(world.policies)
        assert canonical(world.plan()) == want


@pytest.mark.parametrize("case", WORLDS, ids=lambda path: path.name)
def test_rows_are_recognised_in_a_stored_plan(case: Path) -> None:
    """After a restart the stored plan says which Agents are in force as they should be."""
    world = load((case / "world.yaml").read_text())
    rows = {name: found.row for name, found in world.resolved().items() if found.row is not None}
    assert row_digests(world.plan()) == {name: row.digest for name, row in rows.items()}


@pytest.mark.parametrize("case", WORLDS, ids=lambda path: path.name)
def test_digest_speaks_of_the_whole_plan(case: Path) -> None:
    """The digest is the one of docs/contracts.md: of the canonical JSON without itself."""
    plan = load((case / "world.yaml").read_text()).plan()
    assert plan["digest"] == digest({name: part for name, part in plan.items() if name != "digest"})


FALLBACK = """
  - kind: ProviderFallback
    metadata: {name: chat, namespace: agentops-system, generation: %d}
    spec:
      namespaceSelector: {}
      targets: [{name: a, provider: openai-compatible, endpoint: "http://a.llm.svc", model: m}]
      aliases: [%s]
"""
AGENTS = """
resources:
  - {kind: Agent, metadata: {name: old}, spec: {podSelector: {matchLabels: {app: a}}}}
  - {kind: Agent, metadata: {name: new}, spec: {podSelector: {matchLabels: {app: b}}}}
  - kind: Budget
    metadata: {name: daily, namespace: agentops-system}
    spec:
      namespaceSelector: {}
      limit: "1"
      ladder:
        - {atPercent: 90, action: CheaperModel, models: [{alias: chat, use: small, fallback: chat}]}
"""


def test_plan_stays_whole_while_a_policy_changes(tmp_path: Path) -> None:
    """An Agent whose pass is still to come names an alias that is gone: it is left out, and the plan is taken."""
    chat, small = "{name: chat, targets: [{name: a}]}", "{name: small, targets: [{name: a}]}"
    before = load(AGENTS + FALLBACK % (1, f"{chat}, {small}")).resolved()
    after = load(AGENTS + FALLBACK % (2, chat)).resolved()
    rows = {"shop/old": before["shop/old"].row, "shop/new": after["shop/new"].row}
    plan = gateway_plan({name: row for name, row in rows.items() if row is not None})
    assert problems(plan, tmp_path) == ""
    assert plan["agents"]["shop/old"]["models"] == {"chat": "agentops-system/chat/chat"}
    assert plan["budgets"]["agentops-system/daily"]["ladder"] == [{"atPercent": 100, "action": "Block"}]
