"""What reaches a provider, and what a caller may not do."""

import asyncio
import socket
from typing import Any

import pytest

from conformance.caller import CHAT, LIMITS, MESSAGES, WAYS, Way, kind_of, refused
from conformance.lab import Lab
from conformance.plans import AGENT, CHEAP, STRANGER, agent, plan, route
from conformance.proves import proves


@proves("targets.*.credential.secret", "targets.*.credential.keys", "targets.*.endpoint", "targets.*.model")
@pytest.mark.parametrize(
    "way",
    [
        pytest.param(CHAT, marks=proves("targets.*.provider=openai")),
        pytest.param(MESSAGES, marks=proves("targets.*.provider=anthropic")),
    ],
    ids=str,
)
async def test_each_target_has_its_own_address_model_and_key(lab: Lab, way: Way) -> None:
    """Two aliases lead to two providers, each asked for its model with its key; a key that changes is read anew."""
    lab.provider.keys(a=["sk-a-0001", "sk-a-0002"], b=["sk-b-0001"])
    targets = lab.targets("a", kind=kind_of(way)) | lab.targets("b", kind=kind_of(way), model=CHEAP)
    models = {"chat": "one", "small": "two"}
    lab.start(plan(targets, routes={"one": route("a"), "two": route("b")}, agents={AGENT: agent(models)}))
    await lab.caller().ask(way)
    await lab.caller().ask(way, model="small")
    assert lab.provider.bill("a", model="claude-haiku-4-5", key="0001")["calls"] == 1
    assert lab.provider.bill("b", model=CHEAP, key="0001")["calls"] == 1
    lab.write_secret("agentops-a", "sk-a-0002")
    for _ in range(100):
        await lab.caller().ask(way)
        if lab.provider.bill("a", key="0002")["calls"]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the new key was never used")


@proves("targets.*.provider=openai-compatible")
async def test_self_hosted_server_is_a_provider(lab: Lab) -> None:
    """Any server that speaks OpenAI's protocol, at an address of its own."""
    lab.start(plan(lab.targets("a", kind="openai-compatible")))
    assert (await lab.caller().ask()).text.startswith("You said")


@proves("agents.*.maxOutputTokens")
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(("asked", "sent"), [(None, 20), (10**9, 20), (7, 7)], ids=["unset", "enormous", "less"])
async def test_length_of_answers_is_bounded_in_the_request(lab: Lab, way: Way, asked: int | None, sent: int) -> None:
    """The provider is told the smaller of the caller's limit and the policy's, so that it bills no more than was reserved."""
    lab.start(plan(lab.targets("a", kind=kind_of(way))))
    fields = {} if asked is None else {LIMITS[way.api]: asked}
    await lab.caller().ask(way, "word " * 200, **fields)
    body = lab.provider.requests("a")[0]["body"]
    assert (body.get("max_tokens") or body.get("max_completion_tokens") or body.get("max_output_tokens")) == sent
    assert lab.provider.bill("a")["outputTokens"] == sent


@proves("requests/unknown-model", "agents.*.models.*")
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_model_that_is_not_the_agents_is_refused(lab: Lab, way: Way) -> None:
    """Neither a name that nobody has, nor one that another agent has, nor a provider's own name for a model."""
    agents = {AGENT: agent(), STRANGER: agent({"secret-alias": "chat"})}
    lab.start(plan(lab.targets("a", kind=kind_of(way)), agents=agents))
    for model in ("gpt-9", "secret-alias", "claude-haiku-4-5", "a", "openai/claude-haiku-4-5"):
        error = await refused(lab.caller().ask(way, model=model))
        assert (error.status, error.code) == (404, "model_not_found")
        assert "chat" in error.message
        assert "secret-alias" not in error.message.replace(model, "")
    assert lab.provider.requests() == []


@proves("requests/too-large")
async def test_body_that_is_too_large_is_refused(lab: Lab) -> None:
    """Also when it comes in chunks and names no length."""
    lab.start(plan(lab.targets("a")), max_body_bytes=100_000)
    error = await refused(lab.caller().ask(CHAT, "x" * 200_000))
    assert (error.status, error.code) == (413, "request_too_large")

    async def chunks() -> Any:
        yield b'{"model": "chat", "messages": [{"role": "user", "content": "'
        for _ in range(50):
            yield b"x" * 10_000

    async with lab.caller().raw() as session, session.post("/v1/chat/completions", data=chunks()) as answer:
        assert answer.status == 413
    assert lab.provider.requests() == []


@proves("requests/foreign-fields")
async def test_fields_and_headers_for_other_gateways_reach_no_provider(lab: Lab) -> None:
    """A caller cannot bring its own fallbacks, time-out, key, address or headers."""
    lab.start(plan(lab.targets("a")))
    foreign = {
        "fallbacks": [{"model": "gpt-9"}],
        "num_retries": 9,
        "timeout": 900,
        "mock_response": "mocked",
        "api_key": "sk-mine",
        "api_base": lab.provider.url("c"),
    }
    headers = {"x-litellm-timeout": "900", "x-api-base": lab.provider.url("c"), "x-internal": "1", "cookie": "session=1"}
    said = await lab.caller(headers=headers).ask(CHAT, extra_body=foreign)
    assert said.text.startswith("You said")
    sent = lab.provider.requests()
    assert [request["provider"] for request in sent] == ["a"]
    assert not set(foreign) & set(sent[0]["body"])
    assert not set(headers) & set(sent[0]["headers"])
    assert lab.caller().token not in str(sent[0])


@proves("requests/header-injection")
async def test_value_that_would_become_a_header_is_refused(lab: Lab) -> None:
    """A run id holds letters, digits and . _ : - only."""
    lab.start(plan(lab.targets("a")))
    for run in ("a b", "a%0d%0aX-Evil: 1", "a;b", "é", "x" * 129, "<script>"):
        async with lab.caller(run=run).raw() as session:
            body = {"model": "chat", "messages": [{"role": "user", "content": "hi"}]}
            async with session.post("/v1/chat/completions", json=body) as answer:
                error = (await answer.json())["error"]
                assert (answer.status, error["code"]) == (400, "run_id_invalid"), run
                assert "X-Evil" not in answer.headers
    error = await refused(lab.caller().ask(CHAT, model="chat\r\nX-Evil: 1"))
    assert (error.status, error.code) == (404, "model_not_found")
    assert lab.provider.requests() == []


@proves("requests/header-injection")
async def test_bare_line_ends_in_a_header_reach_no_provider(lab: Lab) -> None:
    """Bytes that no client library sends."""
    running = lab.start(plan(lab.targets("a")))
    port = int(running.url.rsplit(":", 1)[1])
    token = lab.caller().token
    body = b'{"model": "chat", "messages": [{"role": "user", "content": "hi"}]}'
    for evil in (b"x-agentops-run-id: a\nx-evil: 1", b"x-agentops-run-id: a\x00b", b"x-agentops-run-id : a"):
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(head.encode() + evil + b"\r\nConnection: close\r\n\r\n" + body)
            connection.recv(65536)
    assert all("x-evil" not in request["headers"] for request in lab.provider.requests())
