"""What the watching framework promises us, and what it must never do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import kopf
import pytest

from agentops_operator.agent.kind import KINDS
from agentops_operator.handlers.running import watch
from agentops_operator.handlers.watch import WATCHED, register, register_life
from agentops_operator.policies import POLICIES, RECORDS
from agentops_operator.runtime.resync import KINDS as KINDS_LOOKED_AT
from agentops_operator.runtime.watches import FOLLOWED
from tests.handlers.fake_api import FakeApi, serving
from tests.runtime.bodies import masking_body

# The framework leaves sockets of a cancelled watch to the garbage collector.
pytestmark = [pytest.mark.timeout(60), pytest.mark.filterwarnings("ignore::ResourceWarning")]


class Notes:
    """Stands in for the intake and writes down what arrives."""

    def __init__(self) -> None:
        self.seen_names: list[str] = []
        self.gone_names: list[str] = []

    def seen(self, kind: str, body: Mapping[str, Any]) -> None:
        """An object was listed or changed."""
        self.seen_names.append(body["metadata"]["name"])

    def gone(self, kind: str, body: Mapping[str, Any]) -> None:
        """An object was deleted."""
        self.gone_names.append(body["metadata"]["name"])


@asynccontextmanager
async def watching(api: FakeApi, notes: Notes, started: asyncio.Event | None = None) -> AsyncIterator[None]:
    """Kopf at work over the fake API server, for an operator that has started when the event is set."""
    registry = kopf.OperatorRegistry()

    class Stub:
        async def start(self) -> None:
            if started is not None:
                await started.wait()

        async def close(self) -> None:
            pass

    @kopf.on.login(registry=registry, id="login")
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=api.url)

    register(registry, notes, clusterwide=True)  # type: ignore[arg-type]
    register_life(registry, Stub())  # type: ignore[arg-type]
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


async def test_watches_begin_when_the_operator_has_started() -> None:
    """Kopf lists nothing before the start-up handler is done, and writes nothing at any time."""
    api, notes, started = FakeApi(), Notes(), asyncio.Event()
    api.objects["maskingpolicies"] = [masking_body(f"mask-{number}") for number in range(60)]
    async with serving(api), watching(api, notes, started):
        await asyncio.sleep(0.3)
        assert api.lists == []
        started.set()
        await until(lambda: len(notes.seen_names) == 60)
    assert api.writes == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the framework drops a task that never began
async def test_fault_in_the_start_ends_the_process() -> None:
    """An operator that cannot start is not left standing: it ends, and its Deployment starts it anew."""
    api, registry = FakeApi(), kopf.OperatorRegistry()

    class Broken:
        intake = Notes()

        async def start(self) -> None:
            raise RuntimeError("a fault of ours")

        async def close(self) -> None:
            pass

    register_life(registry, Broken())  # type: ignore[arg-type]
    with pytest.raises(Exception, match="handlers failed"):
        await asyncio.wait_for(watch(registry, "one", ()), 20)
    assert api.writes == []


async def test_user_without_a_name_can_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image's user is a number without an entry in the password file."""

    def no_name() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr("getpass.getuser", no_name)
    api, notes = FakeApi(), Notes()
    api.objects["namespaces"] = [{"metadata": {"name": "shop", "uid": "n"}}]
    async with serving(api), watching(api, notes):
        await until(lambda: notes.seen_names == ["shop"])


async def test_changes_and_deletions_arrive() -> None:
    """A later event is seen, and a deletion is told once."""
    api, notes = FakeApi(), Notes()
    api.objects["namespaces"] = [{"metadata": {"name": "shop", "uid": "n"}}]
    async with serving(api), watching(api, notes):
        await until(lambda: notes.seen_names == ["shop"])
        await api.events["maskingpolicies"].put({"type": "ADDED", "object": masking_body("new")})
        await until(lambda: "new" in notes.seen_names)
        await api.events["maskingpolicies"].put({"type": "DELETED", "object": masking_body("new")})
        await until(lambda: notes.gone_names == ["new"])
    assert api.writes == []


async def test_expired_watch_is_listed_anew() -> None:
    """410 in a stream leads to a new list, not to the end of the process."""
    api, notes = FakeApi(), Notes()
    async with serving(api), watching(api, notes):
        await until(lambda: "maskingpolicies" in api.lists)  # each kind is listed in its own time
        api.objects["maskingpolicies"] = [masking_body("missed")]
        await api.events["maskingpolicies"].put({"type": "ERROR", "object": {"code": 410, "message": "too old"}})
        await until(lambda: "missed" in notes.seen_names)
        assert api.lists.count("maskingpolicies") == 2


def test_every_kind_is_watched_once() -> None:
    """A new kind in the lists is watched without a line of its own, here or by the operator's own loop."""
    here, there = {watched.kind for watched in WATCHED}, {what.kind for what in FOLLOWED}
    assert {info.kind for info in (*KINDS, *POLICIES, *RECORDS)} <= here | there
    assert not here & there
    assert set(KINDS_LOOKED_AT) == here
    assert not {"Secret", "Pod"} & (here | there)
