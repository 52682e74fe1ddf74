"""A cluster and a clock that tests hold in their hands."""

import asyncio
import copy
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from agentops_operator.runtime.objects import ApiError, Listed, Ref, ref_of

START = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


class FakeTimer:
    """A planned call."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        """Takes the call back."""
        self.cancelled = True


class FakeClock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = 0.0
        self._planned: list[tuple[float, int, FakeTimer, Callable[[], None]]] = []
        self._number = 0

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def now(self) -> datetime:
        """The start and the seconds since."""
        return START + timedelta(seconds=self._now)

    def call_later(self, seconds: float, call: Callable[[], None]) -> FakeTimer:
        """Plans a call."""
        timer = FakeTimer()
        self._number += 1
        heapq.heappush(self._planned, (self._now + seconds, self._number, timer, call))
        return timer

    async def sleep(self, seconds: float) -> None:
        """Waits until time was moved."""
        done = asyncio.get_running_loop().create_future()
        self.call_later(seconds, lambda: done.done() or done.set_result(None))
        await done

    async def advance(self, seconds: float) -> None:
        """Moves time, and lets everything that is due run in its order."""
        end = self._now + seconds
        await settle()
        while self._planned and self._planned[0][0] <= end:
            due, _, timer, call = heapq.heappop(self._planned)
            self._now = max(self._now, due)
            if not timer.cancelled:
                call()
                await settle()
        self._now = end
        await settle()


async def settle(turns: int = 60) -> None:
    """Lets the event loop run until what was started has come to its next wait."""
    for _ in range(turns):
        await asyncio.sleep(0)


class FakeCluster:
    """Objects in a dict. Server-side apply by one manager per object: what is applied is what stands."""

    def __init__(self) -> None:
        self.objects: dict[Ref, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.refusals: dict[str, ApiError] = {}  # by kind; or by "list of <kind>"
        self.streams: dict[Ref, asyncio.Queue[dict[str, Any] | None]] = {}
        self.kinds: set[str] = set()
        self.selectors: dict[str, str] = {}
        self.closed: dict[str, asyncio.Event] = {}  # kinds whose list takes until the event
        self.slow: dict[Ref, asyncio.Event] = {}  # objects whose apply takes until the event
        self.orphaned: list[bool] = []  # of each deletion, whether children were kept
        self.default: Callable[[dict[str, Any]], None] = lambda _: None
        self._version = 0

    @property
    def writes(self) -> int:
        """Writes of all kinds, events aside."""
        return sum(count for call, count in self.calls.items() if call.split()[0] != "get" and not call.endswith(" Event"))

    def put(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Stores an object as the API server would."""
        self._version += 1
        stored = copy.deepcopy(obj)
        metadata = stored.setdefault("metadata", {})
        before = self.objects.get(ref_of(stored), {}).get("metadata", {})
        metadata["resourceVersion"] = str(self._version)
        metadata["uid"] = metadata.get("uid") or before.get("uid") or f"uid-{self._version}"
        self.default(stored)
        self.objects[ref_of(stored)] = stored
        return copy.deepcopy(stored)

    def _count(self, verb: str, kind: str) -> None:
        self.calls[f"{verb} {kind}"] += 1
        if kind in self.refusals:
            raise self.refusals[kind]

    async def apply(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Stores the object."""
        self._count("apply", obj["kind"])
        await self.slow[ref_of(obj)].wait() if ref_of(obj) in self.slow else await asyncio.sleep(0)
        return self.put(obj)

    async def apply_as(self, manager: str, obj: dict[str, Any]) -> dict[str, Any]:
        """Stores the fields in the object that is there."""
        self._count(f"apply as {manager}", obj["kind"])
        stored = self.objects[ref_of(obj)]
        return self.put({**stored, "spec": {**stored["spec"], **obj["spec"]}})

    async def apply_status(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Stores the status of an object that exists."""
        self._count("status", obj["kind"])
        await asyncio.sleep(0)
        before = self.objects.get(ref_of(obj))
        if before is None:
            raise ApiError(404, "NotFound", f"{ref_of(obj)} not found")
        return self.put({**before, "status": copy.deepcopy(obj["status"])})

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Stores an object that is new."""
        self._count("create", obj["kind"])
        if ref_of(obj) in self.objects:
            raise ApiError(409, "AlreadyExists", "it exists")
        return self.put(obj)

    async def replace(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Stores an object that nobody changed meanwhile."""
        self._count("replace", obj["kind"])
        now = self.objects.get(ref_of(obj))
        if now is None or now["metadata"]["resourceVersion"] != obj["metadata"].get("resourceVersion"):
            raise ApiError(409, "Conflict", "it changed")
        return self.put(obj)

    async def get(self, ref: Ref) -> dict[str, Any] | None:
        """The object, or None."""
        self._count("get", ref.kind)
        return copy.deepcopy(self.objects.get(ref))

    async def serves(self, api_version: str, kind: str) -> bool:
        """Whether a test said so."""
        return kind in self.kinds

    async def delete(self, ref: Ref, uid: str, *, keep_children: bool = False) -> None:
        """Removes this very object."""
        self._count("delete", ref.kind)
        self.orphaned.append(keep_children)
        if self.objects.get(ref, {}).get("metadata", {}).get("uid") == uid:
            del self.objects[ref]

    async def pages(self, ref: Ref, *, labels: str = "", fields: str = "", metadata: bool = False) -> AsyncIterator[Listed]:
        """One page."""
        if ref.kind in self.closed:
            await self.closed[ref.kind].wait()
        yield await self.list(ref, labels=labels, fields=fields, metadata=metadata)

    async def list(self, ref: Ref, *, labels: str = "", fields: str = "", metadata: bool = False) -> Listed:
        """Objects of a kind; selectors are only written down."""
        self.calls[f"get {ref.kind}"] += 1
        self.selectors[ref.kind] = labels
        if f"list of {ref.kind}" in self.refusals:
            raise self.refusals[f"list of {ref.kind}"]
        found = [
            copy.deepcopy(obj)
            for known, obj in self.objects.items()
            if known.kind == ref.kind and ref.namespace in ("", known.namespace)
        ]
        return found, str(self._version)

    async def watch(
        self, ref: Ref, version: str, *, labels: str = "", fields: str = "", metadata: bool = False
    ) -> AsyncIterator[dict[str, Any]]:
        """Events that a test puts into `streams`."""
        stream = self.streams.setdefault(ref, asyncio.Queue())
        while (event := await stream.get()) is not None:
            yield event
