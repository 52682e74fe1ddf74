"""The injection index."""

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.index import build_index, index_rows
from agentops_operator.agent.index_types import Gateway, IndexEntry, IndexRoot
from agentops_operator.agent.types import AgentSpec, TargetRef, WorkloadKind
from agentops_operator.generate.schema import structural
from agentops_operator.policies.trace.types import Capture, OnBypass, OptOut


def test_older_agent_comes_first_under_a_shared_key() -> None:
    """The admission policy takes the first entry, so the order decides who gets a pod."""
    rows = [(("2026-02", "b"), "app=x", {"agent": "b"}), (("2026-01", "a"), "app=x", {"agent": "a"})]
    assert [entry["agent"] for entry in build_index("shop", rows)["agents"]["app=x"]] == ["a", "b"]


def test_index_says_whether_any_of_its_agents_refuses_a_bypass() -> None:
    """The API server asks the label first: without it, each pod of the namespace is looked at."""
    report, deny = (IndexEntry(agent="a", rules="r", on_bypass=choice).row() for choice in (OnBypass.REPORT, OnBypass.DENY))
    indexes = [build_index("shop", [(("", "a"), "app=a", report), (("", "b"), "app=b", row)]) for row in (report, deny)]
    assert [index["metadata"]["labels"]["agentops.dev/on-bypass"] for index in indexes] == ["Report", "Deny"]


def test_row_holds_no_defaults_and_the_schema_adds_none() -> None:
    """Every reader takes absence for the default; written out, they would be more than half of the index."""
    assert IndexEntry(agent="a", rules="r").row() == {"agent": "a", "rules": "r"}
    assert "default" not in str(structural(IndexRoot)).replace("by default", "")


def test_row_says_what_happens_without_the_gateway() -> None:
    """Only an Agent that has a gateway; an index that the operator wrote before it knew of one stays as it is."""
    target = TargetRef(kind=WorkloadKind.DEPLOYMENT, name="a")
    agent = Resource(Key("Agent", "shop", "a"), "u", 1, "2026", AgentSpec(target_ref=target))
    given = (agent, "r", "", Capture.NONE, OptOut.DENIED, OnBypass.REPORT)
    assert dict(index_rows(*given))["Deployment/a"] == {"agent": "a", "rules": "r"}
    assert dict(index_rows(*given, gateway=Gateway.DIRECT))["Deployment/a"]["gateway"] == "Direct"


def test_five_thousand_agents_stay_below_the_size_of_an_object() -> None:
    """One index object a namespace holds 5,000 Agents; etcd takes 1.5 MB."""
    name = "agent-with-a-usual-name"
    entry = IndexEntry(agent=name, rules=f"{name}-agentops-rules-1a2b3c4d", capture="true").row()
    rows = [(("2026", str(n)), f"app.kubernetes.io/name=agent-{n}", entry) for n in range(5000)]
    assert len(str(build_index("shop", rows))) < 1_000_000
