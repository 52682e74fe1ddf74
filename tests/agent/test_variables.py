"""The variables of a container do with real clients what they are there for."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import anthropic
import openai
import pytest

from agentops_operator.agent.endpoints import PROVIDER_VARIABLES
from agentops_operator.agent.index_types import Gateway, IndexEntry
from agentops_operator.agent.variables import OWN_KEYS, added

ENTRY = IndexEntry(agent="billing", rules="r", gateway=Gateway.REFUSE)
AZURE = {"name": "AZURE_OPENAI_ENDPOINT", "value": "https://x.openai.azure.com"}


class Forwarder(HTTPServer):
    """Notes path and credential of each call, and answers as neither API would: clients are not what is tested."""

    calls: list[tuple[str, str]]


class Handler(BaseHTTPRequestHandler):
    """Answers 400, which no client repeats."""

    server: Forwarder

    def do_POST(self) -> None:
        """One call."""
        self.server.calls.append((self.path, self.headers.get("x-api-key") or self.headers["authorization"]))
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"error": {"message": "no", "type": "test"}}).encode()
        self.send_response(400)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def forwarder() -> Iterator[Forwarder]:
    """Listens on a free port of this machine."""
    with Forwarder(("127.0.0.1", 0), Handler) as server:
        server.calls = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def start_with(monkeypatch: pytest.MonkeyPatch, container: dict[str, Any], port: int) -> None:
    """The environment that the container's process finds; the forwarder's port is the one of the test."""
    for name in (*PROVIDER_VARIABLES, *OWN_KEYS):
        monkeypatch.delenv(name, raising=False)
    for name, value in added(container, ENTRY):
        monkeypatch.setenv(name, value.replace(":4319", f":{port}"))
    for item in container.get("env", []):
        monkeypatch.setenv(item["name"], item["value"])


@pytest.mark.parametrize("env", [[], [{"name": "OPENAI_API_KEY", "value": "own"}]], ids=["no key", "own key"])
def test_openai_client_without_settings_of_its_own_calls_the_forwarder(
    monkeypatch: pytest.MonkeyPatch, forwarder: Forwarder, env: list[dict[str, str]]
) -> None:
    """A program that says nothing of address and key starts, and its calls arrive under the path of OpenAI's API."""
    start_with(monkeypatch, {"name": "a", "env": env}, forwarder.server_port)
    with openai.OpenAI() as client, pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="chat", messages=[{"role": "user", "content": "a"}])
    assert forwarder.calls == [("/v1/chat/completions", "Bearer own" if env else "Bearer agentops")]


def test_anthropic_client_without_settings_of_its_own_calls_the_forwarder(
    monkeypatch: pytest.MonkeyPatch, forwarder: Forwarder
) -> None:
    """Its library adds the version to the path itself."""
    start_with(monkeypatch, {"name": "a"}, forwarder.server_port)
    with anthropic.Anthropic() as client, pytest.raises(anthropic.BadRequestError):
        client.messages.create(model="chat", max_tokens=1, messages=[{"role": "user", "content": "a"}])
    ((path, credential),) = forwarder.calls
    assert path == "/v1/messages"
    assert credential.removeprefix("Bearer ") == "agentops"


def test_azure_client_keeps_the_endpoint_of_its_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """A base URL beside its endpoint would be taken in its place by some clients; none is added."""
    start_with(monkeypatch, {"name": "a", "env": [AZURE, {"name": "AZURE_OPENAI_API_KEY", "value": "own"}]}, 1)
    with openai.AzureOpenAI(api_version="2024-10-21") as client:
        assert client.base_url.host == "x.openai.azure.com"
    assert "OPENAI_BASE_URL" not in dict(added({"env": [AZURE]}, ENTRY))
