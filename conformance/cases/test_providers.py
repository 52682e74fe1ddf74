"""Every provider, at its own address and in its own protocol: paths, credentials, streams, tools, usage and errors."""

from typing import Any

import pytest

from conformance.caller import CHAT, CHAT_STREAM, MESSAGES, MESSAGES_STREAM, RESPONSES, RESPONSES_STREAM, Way, refused, tool_of
from conformance.cases.test_accounting import LARGE, settled
from conformance.cloud import application_of_the_directory, cloud, credential
from conformance.lab import Lab
from conformance.plans import AGENT, MODEL, Plan, agent, budget, plan, route
from conformance.protocols import vertex
from conformance.protocols.aws import secret_of
from conformance.protocols.hosts import PLAYED
from conformance.proves import proves

PROVIDERS = [
    pytest.param(name, id=name, marks=proves(f"targets.*.provider={name}", "targets.*.credential.keys")) for name in PLAYED
]
QUESTION = "Wo ist das Päckchen? 📦"


def counted(lab: Lab, at: str, *others: str, **fields: Any) -> Plan:
    """A target at the provider, then some of ours; money is counted and nothing refused."""
    targets = {"own": cloud(lab, at, **fields), **lab.targets(*others)}
    routes = {"chat": route(*targets, cooldownSeconds=30, failuresToCooldown=1)}
    budgets = {"usd": budget(LARGE, "MicroUSD")}
    return plan(targets, routes=routes, budgets=budgets, agents={AGENT: agent(budgets=["usd"], maxOutputTokens=400)})


async def is_billed(lab: Lab, at: str, calls: int) -> None:
    """The charge is the provider's bill to the micro-USD, and nothing of it is an estimate."""
    usd, bill = await settled(lab), lab.provider.bill(at)
    assert bill["calls"] == calls
    assert (usd["used"], usd["estimated"]) == (bill["microUsd"], 0)


@pytest.mark.parametrize("at", PROVIDERS)
async def test_chat_is_answered_whole_and_streamed_at_the_providers_own_address(lab: Lab, at: str) -> None:
    """Umlauts and all; a limit of the caller reaches the provider, whichever of the two words it has for it."""
    lab.start(counted(lab, at))
    for way in (CHAT, CHAT_STREAM):
        said = await lab.caller().ask(way, QUESTION)
        assert (said.text, said.finish) == (f"You said: {QUESTION}", "stop")
        for word in ("max_tokens", "max_completion_tokens"):
            short = await lab.caller().ask(way, QUESTION, **{word: 2})
            assert (short.text, short.finish) == ("You said", "length")
    await is_billed(lab, at, 6)


@pytest.mark.parametrize("at", PROVIDERS)
async def test_tools_are_offered_and_called_and_their_results_understood(lab: Lab, at: str) -> None:
    """The provider sees the tool, the caller its call, and the provider what came of it."""
    lab.start(counted(lab, at))
    for way in (CHAT, CHAT_STREAM):
        said = await lab.caller().ask(way, "order: A-17", tools=[tool_of(way)])
        assert (said.tools, said.finish) == (["find"], "tool_calls")
    call = {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": '{"order": "A-17"}'}}
    asked: list[dict[str, Any]] = [
        {"role": "user", "content": "order: A-17"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "in the van"},
    ]
    said = await lab.caller().ask(CHAT, messages=asked, tools=[tool_of(CHAT)])
    assert "in the van" in said.text
    await is_billed(lab, at, 3)


@proves("apis/translation")
@pytest.mark.parametrize("at", PROVIDERS)
async def test_clients_of_the_other_apis_are_answered(lab: Lab, at: str) -> None:
    """Messages and responses, whole and streamed, with tools."""
    ways = [
        way for way in (MESSAGES, MESSAGES_STREAM, RESPONSES, RESPONSES_STREAM) if (at, way.api) != ("anthropic", "responses")
    ]
    lab.start(counted(lab, at))
    for way in ways:
        said = await lab.caller().ask(way, QUESTION)
        assert said.text == f"You said: {QUESTION}", way
        assert (await lab.caller().ask(way, "order: A-17", tools=[tool_of(way)])).tools == ["find"], way
    await is_billed(lab, at, 2 * len(ways))


@proves("routes.*.onError.rateLimited=Next", "routes.*.cooldownSeconds")
@pytest.mark.parametrize("way", [CHAT, CHAT_STREAM], ids=str)
@pytest.mark.parametrize("at", PROVIDERS)
async def test_provider_that_is_busy_rests_for_as_long_as_it_says(lab: Lab, at: str, way: Way) -> None:
    """429 with `Retry-After`: B answers, and the provider is not asked before that time, which is longer than our own."""
    resting = counted(lab, at, "b")
    resting["routes"]["chat"] = route("own", "b", cooldownSeconds=0, failuresToCooldown=1)
    lab.start(resting)
    lab.provider.fault(provider=at, status=429, retry_after="30")
    for _ in range(2):
        assert (await lab.caller().ask(way)).headers["x-agentops-target"] == "b"
    assert (lab.provider.bill(at)["failed"], lab.provider.bill(at)["calls"], lab.provider.bill("b")["calls"]) == (1, 0, 2)


@proves("failover/client-errors")
@pytest.mark.parametrize("at", PROVIDERS)
async def test_error_of_the_request_stays_with_the_provider(lab: Lab, at: str) -> None:
    """400 is the answer, in the provider's words, whole and streamed; nobody else is asked."""
    lab.start(counted(lab, at, "b"))
    lab.provider.fault(provider=at, times=0, status=400)
    for way in (CHAT, CHAT_STREAM):
        error = await refused(lab.caller().ask(way))
        assert (error.status, error.kind) == (400, "provider_error")
        assert "this error was ordered" in error.message
    assert lab.provider.bill("b")["calls"] == 0


@proves("routes.*.onError.serverError=Next", "routes.*.onError.connection=Next")
@pytest.mark.parametrize("at", PROVIDERS)
async def test_next_provider_answers_when_this_one_dies(lab: Lab, at: str) -> None:
    """500, then a reset connection."""
    dying = counted(lab, at, "b")
    dying["routes"]["chat"] = route("own", "b")
    lab.start(dying)
    for fault in ({"status": 500}, {"reset": True}):
        lab.provider.fault(provider=at, times=0, **fault)
        for way in (CHAT, CHAT_STREAM):
            assert (await lab.caller().ask(way)).headers["x-agentops-target"] == "b"
        lab.provider.heal()
    assert lab.provider.bill(at)["calls"] == 0


@proves("routes.*.onError.unauthorized=Next")
@pytest.mark.parametrize("at", PROVIDERS)
async def test_credential_that_the_provider_refuses_leads_to_the_next(lab: Lab, at: str) -> None:
    """A key that is not known, a secret that makes a wrong signature, an account without a token."""
    wrong = counted(lab, at, "b")
    wrong["targets"]["own"]["credential"] = _wrong(lab, at)
    wrong["routes"]["chat"] = route("own", "b")
    lab.start(wrong)
    lab.provider.keys(**{at: ["sk-another"]})
    for way in (CHAT, CHAT_STREAM):
        assert (await lab.caller().ask(way)).headers["x-agentops-target"] == "b"
    assert 'class="Unauthorized"' in lab.replicas[0].metrics()
    assert lab.provider.bill(at)["calls"] == 0


def _wrong(lab: Lab, at: str) -> dict[str, Any]:
    if at == "bedrock":
        return credential(lab, at, accessKeyId="AKIDANOTHER00001", secretAccessKey=secret_of("somebody else"))
    if at == "vertex":
        return credential(lab, at, serviceAccountJson=vertex.Accounts().json())
    return credential(lab, at, apiKey="sk-wrong-0001")


@proves("targets.*.provider=azure", "targets.*.credential.keys")
@pytest.mark.parametrize("way", [CHAT, CHAT_STREAM, MESSAGES], ids=str)
async def test_application_of_microsofts_directory_is_a_credential_of_azure(lab: Lab, way: Way) -> None:
    """Tenant, client and secret make a token, which is asked for once."""
    applied = counted(lab, "azure")
    applied["targets"]["own"]["credential"] = application_of_the_directory(lab)
    lab.start(applied)
    for _ in range(2):
        assert (await lab.caller().ask(way)).text
    assert all("api-key" not in request["headers"] for request in lab.provider.requests("azure"))
    await is_billed(lab, "azure", 2)


@proves("targets.*.provider=azure", "routes.*.onError.unauthorized=Next")
@pytest.mark.parametrize("way", [CHAT, MESSAGES], ids=str)
async def test_application_that_the_directory_does_not_know_leads_to_the_next_provider(lab: Lab, way: Way) -> None:
    """Its secret is wrong: no token, no call, and B answers."""
    refused_one = counted(lab, "azure", "b")
    refused_one["targets"]["own"]["credential"] = application_of_the_directory(lab, secret="old")
    lab.start(refused_one)
    assert (await lab.caller().ask(way)).headers["x-agentops-target"] == "b"
    assert lab.provider.requests("azure") == []


@proves("targets.*.apiVersion")
@pytest.mark.parametrize("way", [CHAT, CHAT_STREAM, RESPONSES], ids=str)
async def test_version_of_the_api_is_that_of_the_target(lab: Lab, way: Way) -> None:
    """Azure sees it in the query."""
    lab.start(counted(lab, "azure", apiVersion="2025-03-01-preview"))
    await lab.caller().ask(way)
    assert lab.provider.requests("azure")[-1]["query"] == {"api-version": "2025-03-01-preview"}


@proves("targets.*.region")
@pytest.mark.parametrize(("at", "elsewhere"), [("bedrock", "us-east-1"), ("vertex", "us-east1")])
async def test_region_is_that_of_the_target(lab: Lab, at: str, elsewhere: str) -> None:
    """It makes the address: another region is another host, where nobody is, and B answers."""
    lab.start(counted(lab, at))
    assert (await lab.caller().ask()).text
    there = counted(lab, at, "b", region=elsewhere)
    lab.reload(there)
    assert (await lab.caller().ask()).headers["x-agentops-target"] == "b"
    assert lab.provider.bill(at)["calls"] == 1


@proves("targets.*.project")
async def test_project_is_that_of_the_target(lab: Lab) -> None:
    """The model of another project is not found."""
    lab.start(counted(lab, "vertex"))
    assert (await lab.caller().ask()).text
    lab.reload(counted(lab, "vertex", project="another"))
    assert (await refused(lab.caller().ask())).status == 404


@proves("targets.*.provider=vertex")
@pytest.mark.parametrize("way", [CHAT, CHAT_STREAM, MESSAGES, MESSAGES_STREAM], ids=str)
async def test_claude_is_asked_at_vertex(lab: Lab, way: Way) -> None:
    """Anthropic's messages, under Google's path and token."""
    lab.start(counted(lab, "vertex", model=MODEL))
    said = await lab.caller().ask(way, QUESTION)
    assert said.text == f"You said: {QUESTION}"
    await is_billed(lab, "vertex", 1)


REFUSALS = [(name, "answer") for name in PLAYED] + [("azure", "error"), ("openai", "error")]


@proves("failover/client-errors")
@pytest.mark.parametrize(("at", "refusal"), REFUSALS)
async def test_what_the_providers_safety_refuses_reaches_nobody_else(lab: Lab, at: str, refusal: str) -> None:
    """Whatever form a provider gives it: an end of its own, or an error."""
    lab.start(counted(lab, at, "b"))
    lab.provider.fault(provider=at, times=0, refusal=refusal)
    for way in (CHAT, CHAT_STREAM):
        if refusal == "error":
            assert (await refused(lab.caller().ask(way))).status == 400
        else:
            # Cohere's answers of this version have no word for it: the text says so.
            assert (await lab.caller().ask(way)).finish == ("stop" if at == "cohere" else "content_filter")
    assert lab.provider.bill("b")["calls"] == 0


@proves("failover/client-errors")
@pytest.mark.parametrize("at", ["gemini", "vertex"])
@pytest.mark.parametrize("api", [CHAT, MESSAGES, RESPONSES], ids=str)
async def test_question_that_google_blocks_reaches_nobody_else(lab: Lab, at: str, api: Way) -> None:
    """An answer without a candidate, which is none to hop for."""
    lab.start(counted(lab, at, "b"))
    lab.provider.fault(provider=at, times=0, refusal="error")
    await lab.caller().ask(api)
    assert lab.provider.bill("b")["calls"] == 0


WRITTEN = [
    ("anthropic", MESSAGES),
    ("anthropic", MESSAGES_STREAM),
    ("anthropic", CHAT),
    ("anthropic", CHAT_STREAM),
    ("bedrock", CHAT),
    ("bedrock", CHAT_STREAM),
    ("bedrock", MESSAGES),
    ("openrouter", CHAT),
    ("openrouter", CHAT_STREAM),
]


@proves("targets.*.price.cacheWrite", "targets.*.price.cachedInput")
@pytest.mark.parametrize(("at", "way"), [pytest.param(*case, id=f"{case[0]} {case[1]}") for case in WRITTEN])
async def test_input_that_the_provider_puts_into_its_cache_has_its_own_price(lab: Lab, at: str, way: Way) -> None:
    """Beside what comes from the cache: half of the input is written, a quarter read."""
    lab.start(counted(lab, at))
    lab.provider.fault(provider=at, times=0, written=0.5, cached=0.25)
    await lab.caller().ask(way, "word " * 80)
    usd, bill = await settled(lab), lab.provider.bill(at)
    assert bill["writtenTokens"] > 0
    assert usd["estimated"] == 0
    assert abs(usd["used"] - bill["microUsd"]) < 1


THOUGHT = [
    ("openai", CHAT),
    ("openai", CHAT_STREAM),
    ("openai", RESPONSES),
    ("openai", RESPONSES_STREAM),
    ("azure", CHAT),
    ("xai", CHAT),
    ("xai", CHAT_STREAM),
    ("gemini", CHAT),
    ("gemini", CHAT_STREAM),
    ("vertex", CHAT),
]


@proves("targets.*.price.reasoning")
@pytest.mark.parametrize(("at", "way"), [pytest.param(*case, id=f"{case[0]} {case[1]}") for case in THOUGHT])
async def test_what_the_model_thinks_has_its_own_price(lab: Lab, at: str, way: Way) -> None:
    """Whether a provider counts it within the answer or beside it."""
    lab.start(counted(lab, at))
    lab.provider.fault(provider=at, times=0, reasoning=300)
    await lab.caller().ask(way, QUESTION)
    assert lab.provider.bill(at)["reasoningTokens"] == 300
    await is_billed(lab, at, 1)
