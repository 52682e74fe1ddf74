"""The injection index."""

from agentops_operator.agent.index import build_index


def test_older_agent_comes_first_under_a_shared_key() -> None:
    """The admission policy takes the first entry, so the order decides who gets a pod."""
    rows = [(("2026-02", "b"), "app=x", {"agent": "b"}), (("2026-01", "a"), "app=x", {"agent": "a"})]
    assert [entry["agent"] for entry in build_index("shop", rows)["agents"]["app=x"]] == ["a", "b"]


def test_five_thousand_agents_stay_below_the_size_of_an_object() -> None:
    """One index object a namespace holds 5,000 Agents; etcd takes 1.5 MB."""
    entry = {"agent": "agent-with-a-usual-name", "rules": "agent-with-a-usual-name-agentops-rules-1a2b3c4d", "capture": "true"}
    rows = [(("2026", str(n)), f"app.kubernetes.io/name=agent-{n}", entry) for n in range(5000)]
    assert len(str(build_index("shop", rows))) < 1_000_000
