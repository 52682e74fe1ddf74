"""Every API, as its own SDK speaks it."""

import pytest

from conformance.caller import CHAT, CHAT_STREAM, MESSAGES, MESSAGES_STREAM, RESPONSES, RESPONSES_STREAM, Way, kind_of, tool_of
from conformance.lab import Lab
from conformance.plans import AGENT, STRANGER, agent, plan, route, target
from conformance.proves import proves

APIS = [
    pytest.param(CHAT, marks=proves("apis/chat"), id="chat"),
    pytest.param(CHAT_STREAM, marks=proves("apis/chat"), id="chat streamed"),
    pytest.param(RESPONSES, marks=proves("apis/responses"), id="responses"),
    pytest.param(RESPONSES_STREAM, marks=proves("apis/responses"), id="responses streamed"),
    pytest.param(MESSAGES, marks=proves("apis/messages"), id="messages"),
    pytest.param(MESSAGES_STREAM, marks=proves("apis/messages"), id="messages streamed"),
]
ENDINGS = {"chat": {"stop", "tool_calls"}, "responses": {"completed"}, "messages": {"end_turn", "tool_use"}}


@pytest.mark.parametrize("way", APIS)
async def test_answer_and_its_end_are_those_of_the_provider(lab: Lab, way: Way) -> None:
    """Text, umlauts and all, and the reason for its end."""
    lab.start(plan(lab.targets("a", kind=kind_of(way))))
    said = await lab.caller().ask(way, "Wo ist das Päckchen? 📦")
    assert said.text == "You said: Wo ist das Päckchen? 📦"
    assert said.finish in ENDINGS[way.api]
    assert said.headers["x-agentops-target"] == "a"


@pytest.mark.parametrize("way", APIS)
async def test_tools_are_offered_and_called(lab: Lab, way: Way) -> None:
    """The provider sees the tool, the caller its call."""
    lab.start(plan(lab.targets("a", kind=kind_of(way))))
    said = await lab.caller().ask(way, "order: A-17", tools=[tool_of(way)])
    assert said.tools == ["find"]
    assert said.finish in ENDINGS[way.api]


@proves("apis/translation")
@pytest.mark.parametrize(
    ("way", "kind"),
    [(CHAT, "anthropic"), (CHAT_STREAM, "anthropic"), (MESSAGES, "openai"), (MESSAGES_STREAM, "openai")],
    ids=["chat at Anthropic", "chat streamed at Anthropic", "messages at OpenAI", "messages streamed at OpenAI"],
)
async def test_client_of_one_api_is_answered_by_a_provider_of_another(lab: Lab, way: Way, kind: str) -> None:
    """OpenAI is down, Anthropic answers, and no client is rewritten."""
    lab.start(plan(lab.targets("a", kind=kind_of(way)) | lab.targets("b", kind=kind)))
    lab.provider.fault(provider="a", times=0, status=500)
    assert (await lab.caller().ask(way)).text == "You said: Where is my order?"
    said = await lab.caller().ask(way, "order: A-17", tools=[tool_of(way)])
    assert said.tools == ["find"]
    assert lab.provider.bill("b")["calls"] == 2


@proves("apis/embeddings")
async def test_embeddings_are_those_of_the_provider(lab: Lab) -> None:
    """One vector for each text, and a failing provider is no obstacle."""
    model = "text-embedding-3-small"
    targets = {name: target(lab.provider.url(name), name, model=model) for name in ("a", "b")}
    lab.start(plan(targets, agents={AGENT: agent({"embed": "chat"})}))
    lab.provider.fault(provider="a", status=500)
    client = lab.caller().openai()
    found = await client.embeddings.create(model="embed", input=["one", "two"], dimensions=8)
    assert [len(entry.embedding) for entry in found.data] == [8, 8]
    assert found.data[0].embedding != found.data[1].embedding
    assert lab.provider.bill("b", model=model)["calls"] == 1


@proves("apis/models", "agents.*.models.*")
async def test_models_are_those_of_the_agent(lab: Lab) -> None:
    """The list names its aliases and nobody else's."""
    agents = {AGENT: agent({"chat": "chat", "small": "chat"}), STRANGER: agent({"secret-alias": "chat"})}
    lab.start(plan(lab.targets("a"), routes={"chat": route("a")}, agents=agents))
    client = lab.caller().openai()
    listed = [model.id async for model in client.models.list()]
    assert (await client.models.retrieve("small")).id == "small"
    assert sorted(listed) == ["chat", "small"]
