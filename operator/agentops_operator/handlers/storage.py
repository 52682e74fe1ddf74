"""kopf keeps what it last saw of each object to find changes between events. We decide from levels, so nothing is kept.

kopf's own storages deep-copy every body at every event; an injection index of 5,000 Agents is a megabyte.
"""

from typing import Any, cast

import kopf
from kopf import Body, BodyEssence, Patch


class NoDifferences(kopf.DiffBaseStorage):
    """Says that an object has no content to compare."""

    def build(self, **_: Any) -> BodyEssence:
        """Nothing of the object."""
        return cast(BodyEssence, {})

    def fetch(self, *, body: Body) -> BodyEssence | None:  # noqa: ARG002  (the signature is kopf's)
        """Nothing was stored."""
        return None

    def store(self, *, body: Body, patch: Patch, essence: BodyEssence) -> None:
        """Stores nothing: it would be an annotation on a user's object."""


class NoProgress(kopf.ProgressStorage):
    """Remembers no handler's progress: ours are done when they return."""

    def fetch(self, **_: Any) -> None:
        """No progress was stored."""

    def store(self, **_: Any) -> None:
        """Stores nothing."""

    def purge(self, **_: Any) -> None:
        """There is nothing to purge."""

    def touch(self, **_: Any) -> None:
        """Never touches an object."""

    def clear(self, *, essence: BodyEssence) -> BodyEssence:
        """Nothing of ours is in it."""
        return essence
