"""What the watching framework promises us, and what it must never do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import kopf
import pytest

from agentops_operator.agent.kind import KINDS
from agentops_operator.handlers.running import watch
from agentops_operator.handlers.watch import WATCHED, register
from agentops_operator.policies import POLICIES
from tests.handlers.fake_api import FakeApi, serving
from tests.runtime.bodies import agent_body, masking_body

# The framework leaves sockets of a cancelled watch to the garbage collector.
pytestmark = [pytest.mark.timeout(60), pytest.mark.filterwarnings("ignore::ResourceWarning")]


class Notes:
    """Stands in for the intake and writes down what arrives."""

    def __init__(self) -> None:
        self.seen_names: list[str] = []
        self.gone_names: list[str] = []
        self.seen_when_opened: int | None = None

    def seen(self, kind: str, body: Mapping[str, Any]) -> None:
        """An object was listed or changed."""
        self.seen_names.append(body["metadata"]["name"])

    def gone(self, kind: str, body: Mapping[str, Any]) -> None:
        """An object was deleted."""
        self.gone_names.append(body["metadata"]["name"])

    def opened(self) -> None:
        """The gate is open."""
        if self.seen_when_opened is None:
            self.seen_when_opened = len(self.seen_names)


@asynccontextmanager
async def watching(api: FakeApi, notes: Notes) -> AsyncIterator[None]:
    """Kopf at work over the fake API server."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry, id="login")
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=api.url)

    register(registry, notes, notes.opened, clusterwide=True)  # type: ignore[arg-type]
    stop = asyncio.Event()
    task = asyncio.create_task(watch(registry, "one", (), stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def until(holds: Callable[[], bool]) -> None:
    """Waits for something to become true."""
    async with asyncio.timeout(15):
        while not holds():  # noqa: ASYNC110  (what is waited for has no event)
            await asyncio.sleep(0.02)


async def test_work_begins_when_every_kind_is_listed() -> None:
    """No event opens the gate before the slowest kind has been listed, and nothing is written meanwhile."""
    api, notes = FakeApi(), Notes()
    api.objects["agents"] = [agent_body(f"agent-{number}") for number in range(60)]
    api.objects["maskingpolicies"] = [masking_body()]
    api.slow["maskingpolicies"] = asyncio.Event()
    async with serving(api), watching(api, notes):
        await until(lambda: len(notes.seen_names) == 60)
        await asyncio.sleep(0.3)
        assert notes.seen_when_opened is None
        api.slow["maskingpolicies"].set()
        await until(lambda: notes.seen_when_opened is not None)
        assert notes.seen_when_opened == 61
    assert api.writes == []


async def test_user_without_a_name_can_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image's user is a number without an entry in the password file."""

    def no_name() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr("getpass.getuser", no_name)
    api, notes = FakeApi(), Notes()
    api.objects["namespaces"] = [{"metadata": {"name": "shop", "uid": "n"}}]
    async with serving(api), watching(api, notes):
        await until(lambda: notes.seen_when_opened is not None)


async def test_changes_and_deletions_arrive() -> None:
    """A later event is seen, and a deletion is told once."""
    api, notes = FakeApi(), Notes()
    api.objects["namespaces"] = [{"metadata": {"name": "shop", "uid": "n"}}]
    async with serving(api), watching(api, notes):
        await until(lambda: notes.seen_when_opened is not None)
        await api.events["agents"].put({"type": "ADDED", "object": agent_body("new")})
        await until(lambda: "new" in notes.seen_names)
        await api.events["agents"].put({"type": "DELETED", "object": agent_body("new")})
        await until(lambda: notes.gone_names == ["new"])
    assert api.writes == []


async def test_expired_watch_is_listed_anew() -> None:
    """410 in a stream leads to a new list, not to the end of the process."""
    api, notes = FakeApi(), Notes()
    api.objects["namespaces"] = [{"metadata": {"name": "shop", "uid": "n"}}]
    async with serving(api), watching(api, notes):
        await until(lambda: notes.seen_when_opened is not None)
        api.objects["agents"] = [agent_body("missed")]
        await api.events["agents"].put({"type": "ERROR", "object": {"code": 410, "message": "too old"}})
        await until(lambda: "missed" in notes.seen_names)
        assert api.lists.count("agents") == 2


async def test_children_are_filtered_by_the_api_server() -> None:
    """ConfigMaps of others never cross the wire; our own kinds come without a filter."""
    api, notes = FakeApi(), Notes()
    api.objects["namespaces"] = [{"metadata": {"name": "shop", "uid": "n"}}]
    async with serving(api), watching(api, notes):
        await until(lambda: notes.seen_when_opened is not None)
    assert api.queries["configmaps"]["labelSelector"] == "app.kubernetes.io/managed-by=agentops-operator"
    assert "labelSelector" not in api.queries["agents"]


def test_every_kind_is_watched() -> None:
    """A new kind in the lists is watched without a line of its own."""
    plurals = {watched.plural for watched in WATCHED}
    assert {info.plural for info in (*KINDS, *POLICIES)} <= plurals
    assert "secrets" not in plurals
    assert "pods" not in plurals
