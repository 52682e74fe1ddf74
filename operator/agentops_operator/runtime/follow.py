"""List, then watch, then list again when the stream cannot be continued: one collection, for as long as it is wanted."""

import itertools
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.objects import ApiError, Cluster, Ref
from agentops_operator.runtime.queue import retry_after

LOG = logging.getLogger(__name__)
LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Collection:
    """What is followed, and who is told.

    Attributes:
        ref: kind and namespace, with an empty name.
        labels: label selector.
        fields: field selector.
        metadata: whether metadata is enough.
        before_list: called before each list.
        read: what is kept of each item, as soon as it comes; whole items of a list in memory would be many times that.
        listed: takes what was read of all items.
        event: takes the type and the body of an event.
        failed: called when a list or watch failed more than once in a row.
    """

    ref: Ref
    listed: Callable[[list[Any]], None]
    event: Callable[[str, dict[str, Any]], None]
    failed: Callable[[], None]
    before_list: Callable[[], None] = lambda: None
    read: Callable[[dict[str, Any]], Any] = lambda item: item
    labels: str = ""
    fields: str = ""
    metadata: bool = False


async def follow(cluster: Cluster, clock: Clock, what: Collection) -> None:
    """Follows a collection until it is cancelled; no answer of the API server ends it."""
    at = _Place()
    while True:
        try:
            at.version = at.version or await _list(cluster, what)
            await _watch(cluster, what, at)
            at.failures = 0
        except ApiError as error:
            at.failures += 1
            if error.status:  # a lost connection is continued where it broke; a refusal needs a new list
                at.version = ""
            await _pause(clock, what, error, at.failures)


async def take_once(cluster: Cluster, clock: Clock, what: Collection) -> None:
    """Lists a collection without watching it, however often the API server must be asked."""
    for failures in itertools.count(1):
        try:
            await _list(cluster, what)
        except ApiError as error:
            await _pause(clock, what, error, failures)
        else:
            return


@dataclass
class _Place:
    """How far a collection is known, and how many lists and watches in a row failed."""

    version: str = ""
    failures: int = 0


async def _list(cluster: Cluster, what: Collection) -> str:
    what.before_list()
    found: list[Any] = []
    version = ""
    async for items, version in cluster.pages(what.ref, labels=what.labels, fields=what.fields, metadata=what.metadata):  # noqa: B007
        found.extend(map(what.read, items))
    what.listed(found)
    return version


async def _watch(cluster: Cluster, what: Collection, at: _Place) -> None:
    events = cluster.watch(what.ref, at.version, labels=what.labels, fields=what.fields, metadata=what.metadata)
    async for event in events:
        body = event["object"]
        if event["type"] == "ERROR":
            raise ApiError(body.get("code", 500), body.get("reason", ""), body.get("message", ""))
        if event["type"] != "BOOKMARK":
            what.event(event["type"], body)
        # Kept at each event: a stream that breaks would else be continued where it began, and show old versions again.
        at.version, at.failures = body["metadata"]["resourceVersion"], 0


async def _pause(clock: Clock, what: Collection, error: ApiError, failures: int) -> None:
    ordinary = error.status in (0, HTTPStatus.GONE) and failures == 1
    LOG.log(logging.DEBUG if ordinary else logging.WARNING, "%s in %s: %s", what.ref.kind, what.ref.namespace or "all", error)
    if failures > 1:
        what.failed()
    await clock.sleep(min(LONGEST_PAUSE, retry_after(failures, random.random())))  # noqa: S311  (jitter)
