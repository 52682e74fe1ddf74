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
from agentops_operator.agent.holds.record import is_over
from agentops_operator.runtime.clock import Clock, rfc3339
from agentops_operator.runtime.hold_cache import HoldCache
from agentops_operator.runtime.queue import retry_after

LOG = logging.getLogger(__name__)
ROOM = 256  # notices that wait; a flood of holds must not fill the memory
TRIES = 10
LONGEST = 60.0  # seconds between two tries
SENDERS = 2  # a receiver that hangs must not keep the others waiting
CALL = aiohttp.ClientTimeout(total=10)
FOR_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Notifier:
    """One notice for each hold, at least once: its id tells a repeated one."""

    def __init__(self, directory: str, link: str, holds: HoldCache, clock: Clock, sent: Counter) -> None:
        self.link = link
        self._directory = Path(directory)
        self._holds = holds
        self._clock = clock
        self._sent = sent
        self._waiting: asyncio.Queue[Key] = asyncio.Queue(ROOM)
        self.due: Callable[[Key], None] = lambda _: None

    def add(self, key: Key) -> None:
        """Puts a hold in line; without a receiver nothing happens."""
        if not self._receiver()[0]:
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
            for attempt in range(1, TRIES + 1):
                if await self._send(session, key):
                    break
                if attempt == TRIES:
                    LOG.warning("the notice of %s was given up after %d tries", key, TRIES)
                    self._sent.labels("GivenUp").inc()
                    break
                await self._clock.sleep(min(LONGEST, retry_after(attempt + 1, random.random())))  # noqa: S311  (jitter)

    async def _send(self, session: aiohttp.ClientSession, key: Key) -> bool:
        """One try; True when there is nothing more to do."""
        record = self._holds.get(key)
        url, secret = self._receiver()
        if record is None or is_over(record) or not url:
            return True
        content, headers = signed(notice(record, record.status), secret, int(self._clock.now().timestamp()))
        status = 0
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            async with session.post(url, data=content, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self._sent.labels("Sent").inc()
            self._holds.notified[key] = rfc3339(self._clock.now())
            self.due(key)
            return True
        # The address is a secret, so it stands in no log.
        LOG.warning("the receiver did not take the notice of %s: %s", key, status or "no answer")
        if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in FOR_LATER:
            self._sent.labels("Refused").inc()
            return True
        return False

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
