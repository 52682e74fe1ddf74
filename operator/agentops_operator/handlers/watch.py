"""Which kinds are watched, and the two handlers that each has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import kopf

from agentops_operator.agent.kind import KINDS
from agentops_operator.api.kind import GROUP, VERSION
from agentops_operator.kube.names import LABEL_MANAGED_BY, MANAGED_BY
from agentops_operator.policies import POLICIES, RECORDS
from agentops_operator.runtime.intake import Intake

OURS = f"{LABEL_MANAGED_BY}={MANAGED_BY}"


@dataclass(frozen=True)
class Watched:
    """A kind that is watched; `labels` narrows the watch at the API server."""

    group: str
    version: str
    plural: str
    kind: str
    labels: str = ""
    cluster: bool = False


WATCHED = (
    *(Watched(GROUP, VERSION, info.plural, info.kind) for info in (*KINDS, *POLICIES, *RECORDS)),
    Watched("", "v1", "namespaces", "Namespace", cluster=True),
    Watched("", "v1", "configmaps", "ConfigMap", OURS),
    Watched("batch", "v1", "cronjobs", "CronJob", OURS),
    Watched("batch", "v1", "jobs", "Job", OURS),
)


def register(registry: kopf.OperatorRegistry, intake: Intake, opened: Callable[[], None], *, clusterwide: bool) -> None:
    """Registers the handlers of every kind.

    Args:
        registry: where kopf finds its handlers.
        intake: takes the bodies.
        opened: called when every kind has been listed.
        clusterwide: whether cluster-scoped kinds may be watched.
    """
    for watched in WATCHED:
        if clusterwide or not watched.cluster:
            _register(registry, watched, intake, opened)


def _register(registry: kopf.OperatorRegistry, watched: Watched, intake: Intake, opened: Callable[[], None]) -> None:
    where: dict[str, Any] = {"group": watched.group, "version": watched.version, "plural": watched.plural, "registry": registry}

    # The index is there for its promise, not for its memory: no event handler runs before every index handler of
    # every kind has seen its first list. The body goes into our own, slimmer store, and nothing is kept here.
    @kopf.index(**where, id=f"seen-{watched.plural}")
    async def seen(body: Mapping[str, Any], **_: Any) -> None:
        intake.seen(watched.kind, body)

    @kopf.on.event(**where, id=f"event-{watched.plural}")
    async def event(type: str | None, body: Mapping[str, Any], **_: Any) -> None:  # noqa: A002  (kopf's name)
        opened()
        if type == "DELETED":
            intake.gone(watched.kind, body)
