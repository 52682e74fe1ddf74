"""Applying what differs, told apart by versions."""

from typing import Any

from agentops_operator.runtime.applier import Applier
from agentops_operator.runtime.child_cache import ChildCache
from agentops_operator.runtime.live import live
from tests.runtime.fakes import FakeCluster

WANTED = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "rules", "namespace": "shop", "labels": {"a": "b"}},
    "data": {"key": "value"},
}


def shown(children: ChildCache, obj: dict[str, Any]) -> None:
    """The watch shows an object."""
    children.put(live(obj, "v1", "ConfigMap"))


async def test_object_that_is_as_wanted_is_not_applied() -> None:
    """Neither after an own write, nor over an object that another process wrote."""
    cluster, children = FakeCluster(), ChildCache()
    assert await Applier(cluster, children).apply(WANTED)
    assert not await Applier(cluster, children).apply(WANTED)
    fresh = ChildCache()
    shown(fresh, next(iter(cluster.objects.values())))
    assert not await Applier(cluster, fresh).apply(WANTED)
    assert cluster.calls["apply ConfigMap"] == 1


async def test_late_answer_does_not_hide_a_newer_version() -> None:
    """What somebody changed between our write and its answer is put right by the pass that its event made due."""
    cluster, children = FakeCluster(), ChildCache()
    applier, plain = Applier(cluster, children), cluster.apply

    async def apply_and_be_overtaken(obj: dict[str, Any]) -> dict[str, Any]:
        answer = await plain(obj)
        shown(children, cluster.put({**obj, "data": {"key": "changed"}}))
        return answer

    cluster.apply = apply_and_be_overtaken  # type: ignore[method-assign]
    await applier.apply(WANTED)
    cluster.apply = plain  # type: ignore[method-assign]
    assert await applier.apply(WANTED)
    assert next(iter(cluster.objects.values()))["data"] == {"key": "value"}


async def test_content_is_forgotten_once_it_was_compared() -> None:
    """What is kept of an object that is as wanted is its version and what it fulfils."""
    cluster, children = FakeCluster(), ChildCache()
    shown(children, cluster.put(WANTED))
    applier = Applier(cluster, children)
    await applier.apply(WANTED)  # the mark is missing
    item = children.get(next(iter(cluster.objects)))
    assert item is not None
    assert item.content is None
