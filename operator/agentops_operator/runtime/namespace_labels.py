"""Labels of the namespaces of a namespaced install.

A Role lets its holder read its own namespace by name, and neither list nor watch namespaces: so they are read now and then.
Without this look no team would be charged there, and policies of the platform that select by label would bind nobody.
"""

import logging
from http import HTTPStatus

from agentops_operator.runtime.clock import Clock
from agentops_operator.runtime.intake import Intake
from agentops_operator.runtime.objects import ApiError, Cluster, Ref

LOG = logging.getLogger(__name__)
EVERY = 30.0
AGAIN = 1.0  # seconds until the next try of the first look


class NamespaceLabels:
    """Reads each namespace by its name; in a cluster-wide install there is none, as all of them are watched."""

    def __init__(self, cluster: Cluster, clock: Clock, intake: Intake, names: tuple[str, ...]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._intake = intake
        self._names = names
        self._refused: set[str] = set()

    async def fill(self) -> None:
        """Reads all, however often the API server must be asked; one that may not be read has no labels."""
        for name in self._names:
            while not await self._look(name):
                await self._clock.sleep(AGAIN)

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self._clock.sleep(EVERY)
            for name in self._names:
                await self._look(name)

    async def _look(self, name: str) -> bool:
        """Whether it is known how the namespace is labelled."""
        try:
            body = await self._cluster.get(Ref("v1", "Namespace", "", name))
        except ApiError as error:
            if name not in self._refused:
                LOG.warning("labels of namespace %s: %s", name, error)
                self._refused.add(name)
            return error.status == HTTPStatus.FORBIDDEN
        self._refused.discard(name)
        if body is None:
            self._intake.gone("Namespace", {"metadata": {"name": name}})
        else:
            self._intake.seen("Namespace", body)
        return True
