"""Applying what is desired and pruning what is not, with no request where the cluster is as it should be."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from agentops_operator.kube.digest import digest
from agentops_operator.runtime.child_cache import ChildCache
from agentops_operator.runtime.live import Live, content, covers, live, ours
from agentops_operator.runtime.objects import ApiError, Cluster, Ref, ref_of

ANNOTATION_DIGEST = "agentops.dev/digest"


class Applier:
    """Compares with the live objects that the watches show, and writes only differences."""

    def __init__(self, cluster: Cluster, children: ChildCache) -> None:
        self._cluster = cluster
        self._children = children

    async def apply(self, obj: dict[str, Any]) -> bool:
        """Applies one object if need be; says whether it was."""
        mark = digest(obj)
        now = self._children.get(ref_of(obj))
        if now is not None and now.settled == mark:
            return False
        marked = _marked(obj, mark)
        # A version that fulfils another desired object does not fulfil this one: their marks differ.
        if now is not None and not now.settled and await self._fulfils(now, marked, mark):
            return False
        self._children.writing.add(ref_of(obj))
        try:
            answer = await self._apply_or_replace(marked)
        finally:
            self._children.writing.discard(ref_of(obj))
        # The API server may store a value in another form ("1000m" as "1"): what counts is the version that came of
        # this very object. Compared by content, it would be applied again at every pass.
        item = live(answer, obj["apiVersion"], obj["kind"], whole=False, settled=mark)
        newest = self._children.get(item.ref)
        if newest is not None and _newer(newest, item):
            self._children.overtaken(newest)
        else:
            self._children.put(item)
        return True

    async def _fulfils(self, now: Live, marked: dict[str, Any], mark: str) -> bool:
        """Whether the object in the cluster has every desired field; that of which only metadata was seen is read first."""
        found = now if now.content is not None else await self._read(now.ref)
        if found is None or not covers(found.content, content(marked)):
            return False
        if self._children.get(now.ref) is now:  # else a newer version came meanwhile, and made its owner due again
            self._children.put(replace(found, content=None, settled=mark))
        return True

    async def _read(self, ref: Ref) -> Live | None:
        stored = await self._cluster.get(ref)
        return None if stored is None else live(stored, ref.api_version, ref.kind)

    async def _apply_or_replace(self, obj: dict[str, Any]) -> dict[str, Any]:
        """A StatefulSet's volumes cannot be changed: it is made anew, while its pods run on and are taken over.

        Pods whose volume becomes a claim, or no claim any more, cannot be taken over: they go with it.
        """
        now = self._children.get(ref_of(obj))
        try:
            return await self._cluster.apply(obj)
        except ApiError as error:
            if now is None or not error.immutable:
                raise
        stands = await self._cluster.get(now.ref)
        kept = stands is not None and _claims(stands) == _claims(obj)
        await self._cluster.delete(now.ref, now.uid, keep_children=kept)
        return await self._cluster.apply(obj)

    async def apply_all(self, objects: Iterable[dict[str, Any]]) -> str:
        """Applies several objects at once; returns what the API server said of those it refused, or nothing."""
        wanted = list(objects)
        results = await asyncio.gather(*(self.apply(obj) for obj in wanted), return_exceptions=True)
        return "; ".join(_refusal(ref_of(obj), result) for obj, result in zip(wanted, results, strict=True) if _failed(result))

    async def prune(self, owner_uid: str, desired: Iterable[dict[str, Any]]) -> None:
        """Deletes what the operator once applied for this owner and no longer wants."""
        keep = {ref_of(obj) for obj in desired}
        for item in self._children.owned_by(owner_uid):
            if ours(item) and item.ref not in keep:
                await self.delete(item)

    async def delete(self, item: Live) -> None:
        """Deletes this very object."""
        await self._cluster.delete(item.ref, item.uid)
        self._children.drop(item.ref)


def _marked(obj: dict[str, Any], mark: str) -> dict[str, Any]:
    """The object with a digest of itself: a field that is no longer desired shows by nothing else, after a restart."""
    metadata = obj["metadata"]
    annotations = {**metadata.get("annotations", {}), ANNOTATION_DIGEST: mark}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def _newer(one: Live, other: Live) -> bool:
    """Whether a watch has shown a later version of the same object than the answer to our own write."""
    numbers = one.version.isdigit() and other.version.isdigit()
    return one.uid == other.uid and numbers and int(one.version) > int(other.version)


def _claims(obj: dict[str, Any]) -> list[str]:
    return [claim["metadata"]["name"] for claim in obj["spec"].get("volumeClaimTemplates") or ()]


def _failed(result: bool | BaseException) -> bool:
    if isinstance(result, BaseException) and not isinstance(result, ApiError):
        raise result
    return isinstance(result, ApiError) and not result.moot


def _refusal(ref: Ref, error: bool | BaseException) -> str:
    return f"{ref} was refused: {error}"
