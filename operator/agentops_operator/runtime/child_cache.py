"""Live objects that the operator applied, by place and by owner."""

from collections.abc import Callable, Iterable

from agentops_operator.runtime.live import Live
from agentops_operator.runtime.objects import Ref


class ChildCache:
    """What the watches on children, and our own writes, last showed."""

    def __init__(self) -> None:
        self._by_ref: dict[Ref, Live] = {}
        self._by_owner: dict[str, set[Ref]] = {}
        self.writing: set[Ref] = set()  # objects whose apply is on its way
        self.overtaken: Callable[[Live], None] = lambda _: None  # told of objects that somebody changed meanwhile

    def get(self, ref: Ref) -> Live | None:
        """The object, or None."""
        return self._by_ref.get(ref)

    def knows(self, ref: Ref, version: str) -> bool:
        """Whether this very version was taken in."""
        old = self._by_ref.get(ref)
        return old is not None and old.version == version

    def put(self, item: Live) -> bool:
        """Takes in an object; False when this very version is known, as it is after our own write."""
        if self.knows(item.ref, item.version) and not item.settled:
            return False
        self.drop(item.ref)
        self._by_ref[item.ref] = item
        if item.owner:
            self._by_owner.setdefault(item.owner, set()).add(item.ref)
        return True

    def drop(self, ref: Ref) -> Live | None:
        """Forgets an object; returns it."""
        old = self._by_ref.pop(ref, None)
        if old is not None and old.owner:
            refs = self._by_owner.get(old.owner, set())
            refs.discard(ref)
            if not refs:
                self._by_owner.pop(old.owner, None)
        return old

    def owned_by(self, uid: str) -> tuple[Live, ...]:
        """Objects whose controller has this uid."""
        return tuple(self._by_ref[ref] for ref in self._by_owner.get(uid, ()))

    def of_kind(self, kind: str) -> Iterable[Live]:
        """All objects of a kind."""
        return tuple(item for item in self._by_ref.values() if item.ref.kind == kind)
