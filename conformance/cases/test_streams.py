"""Streams that break, stall or run on."""

from typing import Any

import pytest

from conformance.caller import CHAT_STREAM, STREAMS, Said, Way, kind_of, refused
from conformance.lab import Lab
from conformance.plans import AGENT, agent, plan
from conformance.proves import proves

CUTS = [
    pytest.param({"cut": "reset"}, id="reset"),
    pytest.param({"cut": "close"}, id="closed"),
    pytest.param({"cut": "end"}, id="ended early"),
    pytest.param({"garbage": "json"}, id="garbage"),
]


@proves("failover/cut-stream", "accounting/cut-streams")
@pytest.mark.parametrize("way", STREAMS, ids=str)
@pytest.mark.parametrize("fault", CUTS)
async def test_stream_that_breaks_ends_with_a_typed_error(lab: Lab, fault: dict[str, Any], way: Way) -> None:
    """The caller keeps what came, learns that it is not all, and no other provider begins anew."""
    lab.start(plan(lab.targets("a", "b", kind=kind_of(way))))
    lab.provider.fault(provider="a", cut_after=6, pause=0.02, **fault)
    said = Said()
    error = await refused(lab.caller().ask(way, "one two three four five six seven eight", said=said))
    assert (error.code, error.kind) == ("stream_interrupted", "provider_error")
    assert said.text.startswith("You said")
    assert lab.provider.bill("b") == lab.provider.bill("none")


@proves("targets.*.streamIdleMilliseconds")
@pytest.mark.parametrize("way", STREAMS, ids=str)
async def test_stream_that_stalls_ends_with_a_typed_error(lab: Lab, way: Way) -> None:
    """Silence in the middle of an answer is an end."""
    lab.start(plan(lab.targets("a", kind=kind_of(way), streamIdleMilliseconds=400)))
    lab.provider.fault(provider="a", cut_after=6, cut="stall")
    said = Said()
    error = await refused(lab.caller().ask(way, said=said))
    assert (error.code, error.kind) == ("stream_interrupted", "provider_error")
    assert said.text.startswith("You said")


@proves("agents.*.execution.streamSeconds")
async def test_stream_that_takes_too_long_is_ended(lab: Lab) -> None:
    """A token now and then does not keep a stream open for ever."""
    lab.start(plan(lab.targets("a"), agents={AGENT: agent(execution={"streamSeconds": 1}, maxOutputTokens=4000)}))
    lab.provider.fault(provider="a", pause=0.1, length=150)
    said = Said()
    error = await refused(lab.caller().ask(CHAT_STREAM, said=said))
    assert (error.code, error.kind) == ("stream_seconds", "agentops_policy")
    assert said.text


@proves("agents.*.execution.streamTokens")
async def test_stream_that_says_too_much_is_ended(lab: Lab) -> None:
    """A provider that does not keep to `max_tokens` is cut off."""
    lab.start(plan(lab.targets("a"), agents={AGENT: agent(execution={"streamTokens": 20}, maxOutputTokens=4000)}))
    lab.provider.fault(provider="a", length=4000, pause=0.005)
    said = Said()
    error = await refused(lab.caller().ask(CHAT_STREAM, said=said))
    assert (error.code, error.kind) == ("stream_tokens", "agentops_policy")
    assert 0 < len(said.text) < 400
