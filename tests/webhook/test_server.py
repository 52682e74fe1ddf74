"""The port over real sockets: certificate, readiness, draining."""

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import Counter, generate_latest

from agentops_operator.webhook.certificate import Certificate
from agentops_operator.webhook.indexes import Indexes
from agentops_operator.webhook.main import missing
from agentops_operator.webhook.metrics import WebhookMetrics
from agentops_operator.webhook.server import WebhookServer
from tests.agent.test_inject import TEMPLATE
from tests.webhook.certificates import make
from tests.webhook.test_review import INDEXES, POD

REVIEW = {"request": {"uid": "u", "namespace": "shop", "object": POD}}


class Served:
    """A server on a free port, with its certificate in a directory that a test may change."""

    def __init__(self, directory: Path) -> None:
        make(directory, "IP:127.0.0.1")
        self.directory = directory
        self.metrics = WebhookMetrics(Counter("rest_client_requests", "of the API", registry=None))
        self.certificate = Certificate(directory, self.metrics)
        self.certificate.load()
        self.indexes = Indexes()
        self.server = WebhookServer(self.indexes, TEMPLATE, self.metrics)

    def index(self) -> None:
        """Lists the indexes."""
        items = [{"metadata": {"namespace": name}, "agents": agents} for name, agents in INDEXES.items()]
        self.indexes.collections()[0].listed(items)

    async def ask(self, body: Any = REVIEW) -> tuple[int, dict[str, Any], str]:
        """Status, JSON and Connection header of an answer, over a new connection that trusts the certificate of the files."""
        trust = ssl.create_default_context(cafile=str(self.directory / "tls.crt"))
        url = f"https://127.0.0.1:{self.server.port}/inject"
        async with aiohttp.ClientSession() as session, session.post(url, json=body, ssl=trust) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else {}, answer.headers.get("Connection", "")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A server that answers."""
    found = Served(tmp_path / "tls")
    await found.server.start("127.0.0.1", 0, found.certificate.context)
    yield found
    await found.server.stop()


async def test_review_is_answered_and_counted(served: Served) -> None:
    """Under the metric names that dashboards of controllers know."""
    served.index()
    status, answer, _ = await served.ask()
    assert (status, "patch" in answer["response"]) == (200, True)
    text = generate_latest(served.metrics.registry).decode()
    assert 'controller_runtime_webhook_requests_total{code="200",webhook="/inject"} 1.0' in text
    assert 'controller_runtime_webhook_latency_seconds_count{webhook="/inject"} 1.0' in text
    assert 'agentops_webhook_answers_total{outcome="Injected"} 1.0' in text


async def test_nothing_is_answered_before_the_indexes_are_known(served: Served) -> None:
    """An answer without them would say of an agent's pod that it is none; the API server shall ask another replica."""
    assert missing(served.indexes, served.server) == "the indexes are not listed yet"
    assert (await served.ask())[0] == 503
    served.index()
    assert missing(served.indexes, served.server) == ""


async def test_replica_that_ends_sends_the_api_server_elsewhere(served: Served) -> None:
    """It still answers, is not ready, and closes each connection, so that the next question goes to a replica that stays."""
    served.index()
    served.server.draining = True
    status, answer, connection = await served.ask()
    assert (status, "patch" in answer["response"], connection) == (200, True, "close")
    assert missing(served.indexes, served.server) != ""


async def test_changed_certificate_is_served_without_a_restart(served: Served) -> None:
    """A client that trusts only the new one is served."""
    served.index()
    make(served.directory, "IP:127.0.0.1")
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await served.ask()
    served.certificate.look()
    assert (await served.ask())[0] == 200


async def test_unusable_certificate_leaves_the_old_one_in_force(served: Served, tmp_path: Path) -> None:
    """A key that does not fit, or files that are half written, must not take the port away."""
    served.index()
    make(tmp_path / "other", "IP:127.0.0.1")
    key = served.directory / "tls.key"
    for content in ((tmp_path / "other" / "tls.key").read_bytes(), b"", b"rubbish"):
        key.write_bytes(content)
        served.certificate.look()
        assert (await served.ask())[0] == 200
    key.unlink()
    served.certificate.look()
    assert (await served.ask())[0] == 200
    assert served.metrics.certificate_errors._value.get() == 4


async def test_what_is_no_review_is_refused(served: Served) -> None:
    """Only somebody who is not the API server sends it."""
    served.index()
    assert (await served.ask({}))[0] == 400
