"""Sends the signed notice of a held run to the receiver that the chart names; docs/holds.md says how to check the signature.

Address and key lie in a Secret that the kubelet mounts; both are read each time, so that a rotation needs no restart.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client import Counter

from agentops_operator.agent.facts import Key
from agentops_operator.agent.holds.notice import notice, signed
from agentops_operator.agent.holds.notified import UNSENDABLE, Notice, untaken
from agentops_operator.agent.holds.record import is_over
from agentops_operator.runtime.clock import Clock, rfc3339
from agentops_operator.runtime.hold_cache import HoldCache
from agentops_operator.runtime.queue import retry_after

LOG = logging.getLogger(__name__)
ROOM = 256  # notices that wait; a flood of holds must not fill the memory
TRIES = 10
LONGEST = 60.0  # seconds between two tries
PAUSE = 5.0  # seconds until it is looked anew whether the Secret is there
SENDERS = 2  # a receiver that hangs must not keep the others waiting
CALL = aiohttp.ClientTimeout(total=10)
FOR_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Notifier:
    """One notice for each hold, at least once: its id tells a repeated one."""

    def __init__(self, directory: str, link: str, holds: HoldCache, clock: Clock, sent: Counter) -> None:
        self.link = link
        self._directory = Path(directory)
        # The chart mounts it where it names a Secret, also before that Secret is there.
        self._wanted = bool(directory) and self._directory.is_dir()
        self._holds = holds
        self._clock = clock
        self._sent = sent
        self._waiting: asyncio.Queue[Key] = asyncio.Queue(ROOM)
        self.due: Callable[[Key], None] = lambda _: None

    def add(self, key: Key) -> None:
        """Puts a hold in line; where the chart names no receiver nothing happens."""
        if not self._wanted:
            return
        try:
            self._waiting.put_nowait(key)
        except asyncio.QueueFull:
            self._sent.labels("Dropped").inc()

    def recall(self) -> None:
        """After a restart: holds that wait, and of which no notice was taken."""
        for key in self._holds.open():
            record = self._holds.get(key)
            if record is not None and record.spec.decision is None and _untold(record.status):
                self.add(key)

    async def run(self) -> None:
        """Sends for ever."""
        async with aiohttp.ClientSession(timeout=CALL) as session:
            await asyncio.gather(*(self._serve(session) for _ in range(SENDERS)))

    async def _serve(self, session: aiohttp.ClientSession) -> None:
        while True:
            key = await self._waiting.get()
            if self._receiver()[0]:
                await self._deliver(session, key)
            elif self._waits(key):
                # No try is lost on a Secret that comes later: the kubelet takes its time.
                self._tell(key, UNSENDABLE)
                await self._clock.sleep(PAUSE)
                self.add(key)

    async def _deliver(self, session: aiohttp.ClientSession, key: Key) -> None:
        for attempt in range(1, TRIES + 1):
            if await self._send(session, key, last=attempt == TRIES):
                return
            if attempt < TRIES:
                await self._clock.sleep(min(LONGEST, retry_after(attempt + 1, random.random())))  # noqa: S311  (jitter)
        LOG.warning("the notice of %s was given up after %d tries", key, TRIES)
        self._sent.labels("GivenUp").inc()

    def _waits(self, key: Key) -> bool:
        record = self._holds.get(key)
        return record is not None and not is_over(record)

    async def _send(self, session: aiohttp.ClientSession, key: Key, *, last: bool) -> bool:
        """One try; True when there is nothing more to do."""
        record = self._holds.get(key)
        if record is None or is_over(record):
            return True
        url, secret = self._receiver()
        if not url:
            self._tell(key, UNSENDABLE)
            return False
        content, headers = signed(notice(record, record.status), secret, int(self._clock.now().timestamp()))
        status = 0
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            async with session.post(url, data=content, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self._sent.labels("Sent").inc()
            self._tell(key, Notice(taken=rfc3339(self._clock.now())))
            return True
        # The address is a secret, so it stands in no log.
        LOG.warning("the receiver did not take the notice of %s: %s", key, status or "no answer")
        refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in FOR_LATER
        self._tell(key, untaken(status, last=last, refused=refused))
        if refused:
            self._sent.labels("Refused").inc()
        return refused

    def _tell(self, key: Key, notice: Notice) -> None:
        """The record's status says what came of the try."""
        self._holds.notices[key] = notice
        self.due(key)

    def _receiver(self) -> tuple[str, bytes]:
        """Address and key; empty where there is none, or where a part is missing: an unsigned notice is not sent."""
        try:
            url = (self._directory / "url").read_text(encoding="utf-8").strip()
            key = (self._directory / "key").read_bytes().strip()
        except (OSError, ValueError):
            return "", b""
        return (url, key) if url and key else ("", b"")


def _untold(status: Mapping[str, Any]) -> bool:
    """Whether a hold was announced, and no notice of it was taken."""
    return "since" in status and "notifiedAt" not in status
