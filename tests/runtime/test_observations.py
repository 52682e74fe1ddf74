"""An entry of the relay's answer becomes what is known of an Agent."""

import pytest

from agentops_operator.runtime.observations import agent_observation, merged_agent


@pytest.mark.parametrize(
    ("said", "stored", "calls"),
    [
        ({"storedSpans": 3, "storedCalls": 0}, True, False),
        ({"storedSpans": 0, "storedCalls": 5}, False, True),
        ({"storedSpans": 0}, False, False),
    ],
    ids=["its own spans", "the gateway's spans alone", "a relay from before the gateway's spans"],
)
def test_spans_of_the_gateway_are_told_apart_from_the_agents_own(said: dict[str, int], stored: bool, calls: bool) -> None:
    """Whoever reads the condition sees which of the two was seen, over all replicas."""
    seen = agent_observation({"namespace": "shop", "agent": "billing", "pods": [], **said})
    nothing = agent_observation({"namespace": "shop", "agent": "billing", "pods": []})
    merged = merged_agent([nothing, seen])
    assert (seen.stored, seen.calls) == (stored, calls)
    assert merged is not None
    assert (merged.stored, merged.calls) == (stored, calls)
