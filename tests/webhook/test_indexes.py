"""The indexes in memory."""

from agentops_operator.webhook.indexes import Indexes


def item(namespace: str, **agents: object) -> dict[str, object]:
    """An index as a watch delivers it."""
    return {"metadata": {"name": "injection", "namespace": namespace}, "agents": agents}


def test_events_replace_and_remove() -> None:
    """The newest index of a namespace counts, and none after its deletion."""
    indexes = Indexes()
    (what,) = indexes.collections()
    what.listed([item("a", x=[]), item("b", x=[])])
    what.event("MODIFIED", item("a", y=[]))
    what.event("DELETED", item("b"))
    assert (indexes.of("a"), indexes.of("b"), len(indexes)) == ({"y": []}, {}, 1)


def test_new_list_forgets_what_went_while_nobody_watched() -> None:
    """A deletion that fell into a gap of the watch is seen by the list after it."""
    indexes = Indexes()
    (what,) = indexes.collections()
    what.listed([item("a", x=[]), item("b", x=[])])
    what.listed([item("b", z=[])])
    assert (indexes.of("a"), indexes.of("b")) == ({}, {"z": []})


def test_namespaces_are_complete_one_by_one() -> None:
    """A namespaced install is ready when all its namespaces are listed, and a list touches its own namespace only."""
    indexes = Indexes(["a", "b"])
    first, second = indexes.collections()
    first.listed([item("a", x=[])])
    assert not indexes.complete
    second.listed([item("b", x=[])])
    assert indexes.complete
    first.listed([])
    assert (indexes.of("a"), indexes.of("b")) == ({}, {"x": []})
