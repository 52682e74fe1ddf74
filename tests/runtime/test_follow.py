"""A collection is followed through broken streams: from where they broke, and with ever longer pauses."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from agentops_operator.runtime.follow import LONGEST_PAUSE, Collection, follow
from agentops_operator.runtime.objects import ApiError, Ref
from tests.runtime.fakes import FakeClock, FakeCluster, settle

LOST = ApiError(0, "WatchEnded", "connection reset")
Stream = list[dict[str, Any] | ApiError]


def event(version: str, kind: str = "MODIFIED") -> dict[str, Any]:
    """An event of a stream."""
    return {"type": kind, "object": {"metadata": {"name": "one", "resourceVersion": version}}}


class Watched(FakeCluster):
    """Streams that break; each watch takes the next one, and the last one stays open."""

    def __init__(self, *streams: Stream) -> None:
        super().__init__()
        self.left, self.asked = list(streams), list[str]()

    async def watch(
        self, ref: Ref, version: str, *, labels: str = "", fields: str = "", metadata: bool = False
    ) -> AsyncIterator[dict[str, Any]]:
        """The next stream."""
        self.asked.append(version)
        for item in self.left.pop(0) if self.left else ():
            if isinstance(item, ApiError):
                raise item
            yield item
        await asyncio.Event().wait()


async def followed(cluster: FakeCluster, seconds: float) -> tuple[list[str], int]:
    """Follows for a while; returns the versions that were shown, and how often a failure was told."""
    clock, shown, failed = FakeClock(), list[str](), list[None]()
    what = Collection(
        ref=Ref("v1", "Pod", "", ""),
        listed=lambda _: None,
        event=lambda _, body: shown.append(body["metadata"]["resourceVersion"]),
        failed=lambda: failed.append(None),
    )
    task = asyncio.create_task(follow(cluster, clock, what))
    await settle()
    await clock.advance(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return shown, len(failed)


async def test_broken_stream_goes_on_behind_its_last_event() -> None:
    """What was shown is not shown again: an old version would stand in place of the new one for a while."""
    cluster = Watched([event("5"), event("6"), LOST], [event("7")])
    assert await followed(cluster, 5) == (["5", "6", "7"], 0)
    assert cluster.asked == ["0", "6"]


async def test_bookmark_counts_as_seen() -> None:
    """A bookmark moves the place without being told to anybody."""
    cluster = Watched([event("9", "BOOKMARK"), LOST])
    assert await followed(cluster, 5) == ([], 0)
    assert cluster.asked == ["0", "9"]


async def test_server_that_is_away_is_asked_ever_more_rarely() -> None:
    """A stream that cannot be opened again and again is a failure in a row, although the list before it went well."""
    cluster = Watched(*([[LOST]] * 100))
    _, failed = await followed(cluster, 300)
    assert failed == len(cluster.asked) - 1
    assert len(cluster.asked) <= 8 + 2 * 300 / LONGEST_PAUSE


async def test_watch_that_is_refused_lists_ever_more_rarely() -> None:
    """A list that may be read beside a watch that may not is no reason to list twice a second."""
    cluster = Watched(*([[ApiError(403, "Forbidden", "cannot watch")]] * 100))
    await followed(cluster, 300)
    assert cluster.calls["get Pod"] == len(cluster.asked)
    assert len(cluster.asked) <= 8 + 2 * 300 / LONGEST_PAUSE
