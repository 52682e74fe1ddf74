"""Notices of held runs: signed, repeated until they are taken, and given up in the end."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.runtime.bodies import agent_body
from tests.runtime.fakes import settle
from tests.runtime.test_gateway import SETTINGS
from tests.runtime.test_holds import hold, records, waits, writes
from tests.runtime.world import World

KEY = b"made-up-key"


class Receiver:
    """A receiver that answers with these statuses, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses) or [204]
        self.got: list[tuple[bytes, dict[str, str]]] = []

    async def take(self, request: web.Request) -> web.Response:
        """Takes a notice."""
        self.got.append((await request.read(), dict(request.headers)))
        return web.Response(status=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    """A receiver on a port of its own, and its address."""
    made, app = Receiver(), web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield made, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


def secret(folder: Path, url: str, key: bytes = KEY) -> str:
    """The Secret as the kubelet mounts it."""
    (folder / "url").write_text(url + "\n")
    (folder / "key").write_bytes(key)
    return str(folder)


async def told(world: World, enough: Any) -> None:
    """Lets real sockets and the clock of the test go on until it is enough."""
    for _ in range(600):
        if enough():
            return
        await world.clock.advance(1)
        await settle(200)
    raise AssertionError("not in time")


async def held_world(folder: str) -> World:
    """An operator with a receiver, and a held run."""
    world = World(compile_settings=SETTINGS, receiver=folder)
    world.gateway.states = {"10.0.0.1": {"plan": {"digest": "", "error": ""}, "store": {"state": "Ready"}}}
    world.show(agent_body())
    waits(world, hold())
    await world.run()
    return world


async def test_notice_is_signed_over_time_and_body(tmp_path: Path, receiver: tuple[Receiver, str]) -> None:
    """Who has the key can tell that it is ours, and when it was made; it names all that a person needs, and no prompt."""
    taker, url = receiver
    world = await held_world(secret(tmp_path, url))
    await told(world, lambda: "notifiedAt" in records(world)[0]["status"])
    ((content, headers),) = taker.got
    mark = hmac.new(KEY, headers["X-AgentOps-Timestamp"].encode() + b"." + content, hashlib.sha256).hexdigest()
    assert headers["X-AgentOps-Signature"] == f"v1={mark}"
    body = json.loads(content)
    assert headers["X-AgentOps-Id"] == body["id"] == records(world)[0]["metadata"]["uid"]
    shown = {name: body[name] for name in ("namespace", "agent", "run", "reason", "limit", "used", "costUsd", "expires")}
    assert shown == {
        "namespace": "shop", "agent": "billing", "run": "order-1", "reason": "MaxSteps", "limit": "3", "used": "3",
        "costUsd": "0.0015", "expires": "2026-11-24T10:00:00Z",
    }  # fmt: skip
    second = await world.restart()
    await second.run(30)
    await second.stop()
    assert len(taker.got) == 1


async def test_receiver_that_fails_is_asked_again(tmp_path: Path, receiver: tuple[Receiver, str]) -> None:
    """The id is the same, so a receiver that took it twice can tell."""
    taker, url = receiver
    taker.statuses = [500, 429, 200]
    world = await held_world(secret(tmp_path, url))
    await told(world, lambda: "notifiedAt" in records(world)[0]["status"])
    assert len({json.loads(content)["id"] for content, _ in taker.got}) == 1
    assert len(taker.got) == 3
    await world.stop()


async def test_receiver_that_refuses_is_not_asked_again_and_its_address_stands_in_no_log(
    tmp_path: Path, receiver: tuple[Receiver, str], caplog: pytest.LogCaptureFixture
) -> None:
    """An address may hold a token; a 4xx will not become better."""
    taker, url = receiver
    taker.statuses = [403]
    world = await held_world(secret(tmp_path, url))
    refused = {"result": "Refused"}
    await told(world, lambda: world.metrics.registry.get_sample_value("agentops_notices_total", refused) == 1)
    assert len(taker.got) == 1
    await world.run(5)
    assert notified(world) == ("False", "NoticeRefused")
    assert "the receiver answered 403" in told_of(world)["message"]
    assert events(world) == ["NoticeRefused"]
    assert "did not take the notice" in caplog.text
    assert url not in caplog.text
    await world.stop()


async def test_without_a_key_nothing_is_sent_and_the_record_says_why(tmp_path: Path, receiver: tuple[Receiver, str]) -> None:
    """An unsigned notice would teach people to trust unsigned ones; the Secret that comes a little late is still used."""
    taker, url = receiver
    world = await held_world(secret(tmp_path, url, b""))
    await told(world, lambda: notified(world) == ("False", "ReceiverMissing"))
    assert taker.got == []
    assert events(world) == ["ReceiverMissing"]
    assert writes(world)["status"] == 2
    secret(tmp_path, url)
    await told(world, lambda: notified(world) == ("True", "NoticeTaken"))
    assert len(taker.got) == 1
    await world.stop()


async def test_receiver_that_never_answers_is_given_up_and_the_next_operator_says_so_too(
    tmp_path: Path, receiver: tuple[Receiver, str]
) -> None:
    """One write at the first failure and one at the end, whatever the number of tries; after a restart it is tried anew."""
    taker, url = receiver
    taker.statuses = [503]
    world = await held_world(secret(tmp_path, url))
    await told(world, lambda: "given up" in told_of(world).get("message", ""))
    assert (notified(world), len(taker.got)) == (("False", "NoticeUnanswered"), 10)
    assert writes(world)["status"] == 3
    (tmp_path / "key").unlink()
    second = await world.restart()
    assert notified(second) == ("False", "NoticeUnanswered")
    second.start()
    await told(second, lambda: notified(second) == ("False", "ReceiverMissing"))
    await second.stop()


async def test_without_a_receiver_there_is_no_condition(tmp_path: Path) -> None:
    """Where the chart names none, nothing is missing."""
    world = await held_world(str(tmp_path / "not-mounted"))
    await world.run(30)
    assert told_of(world) == {}
    assert (writes(world)["create"], writes(world)["status"]) == (1, 1)
    await world.stop()


def told_of(world: World) -> dict[str, Any]:
    """The condition Notified of the record; empty while there is none."""
    entries = [entry for record in records(world) for entry in record.get("status", {}).get("conditions", [])]
    return next((entry for entry in entries if entry["type"] == "Notified"), {})


def notified(world: World) -> tuple[str, str]:
    """The same, in short."""
    return told_of(world).get("status", ""), told_of(world).get("reason", "")


def events(world: World) -> list[str]:
    """Reasons of the Events on the record that tell of its notice."""
    made = [obj for obj in world.cluster.objects.values() if obj["kind"] == "Event"]
    told = [obj["reason"] for obj in made if obj["regarding"]["kind"] == "RunHold"]
    return [reason for reason in told if reason.startswith(("Notice", "Receiver"))]
