"""Applying what is desired and pruning what is not, with no request where the cluster is as it should be."""

import asyncio
from collections.abc import Iterable
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
        # What was applied last, and which version came of it. The API server may store a value in another form
        # ("1000m" as "1"): without this memory such an object would be applied again at every pass.
        self._settled: dict[Ref, tuple[str, str]] = {}

    async def apply(self, obj: dict[str, Any]) -> bool:
        """Applies one object if need be; says whether it was."""
        marked = _marked(obj)
        if self._is_current(marked):
            return False
        answer = await self._apply_or_replace(marked)
        item = live(answer, obj["apiVersion"], obj["kind"])
        self._children.put(item)
        self._settled[item.ref] = (digest(marked), item.version)
        return True

    async def _apply_or_replace(self, obj: dict[str, Any]) -> dict[str, Any]:
        """A StatefulSet's volumes cannot be changed: it is made anew, while its pods run on and are taken over."""
        now = self._children.get(ref_of(obj))
        try:
            return await self._cluster.apply(obj)
        except ApiError as error:
            if now is None or not error.immutable:
                raise
        await self._cluster.delete(now.ref, now.uid, keep_children=True)
        return await self._cluster.apply(obj)

    def _is_current(self, obj: dict[str, Any]) -> bool:
        ref = ref_of(obj)
        now = self._children.get(ref)
        if now is None:
            return False
        return covers(now.content, content(obj)) or self._settled.get(ref) == (digest(obj), now.version)

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
        self._settled.pop(item.ref, None)
        self._children.drop(item.ref)

    def forget(self, owner_uid: str) -> None:
        """Forgets objects whose owner is gone; garbage collection deletes them."""
        for item in self._children.owned_by(owner_uid):
            self._settled.pop(item.ref, None)


def _marked(obj: dict[str, Any]) -> dict[str, Any]:
    """The object with a digest of itself: a field that is no longer desired shows by nothing else, after a restart."""
    metadata = obj["metadata"]
    annotations = {**metadata.get("annotations", {}), ANNOTATION_DIGEST: digest(obj)}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def _failed(result: bool | BaseException) -> bool:
    if isinstance(result, BaseException) and not isinstance(result, ApiError):
        raise result
    return isinstance(result, ApiError) and not result.moot


def _refusal(ref: Ref, error: bool | BaseException) -> str:
    return f"{ref} was refused: {error}"
