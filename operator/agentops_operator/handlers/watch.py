"""What kopf does for us: it watches what people write by hand, and calls at the start and at the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import kopf

from agentops_operator.api.kind import GROUP, VERSION
from agentops_operator.policies import POLICIES
from agentops_operator.runtime.intake import Intake
from agentops_operator.runtime.process import Operator


@dataclass(frozen=True)
class Watched:
    """A kind that is watched."""

    group: str
    version: str
    plural: str
    kind: str
    cluster: bool = False


WATCHED = (
    *(Watched(GROUP, VERSION, info.plural, info.kind) for info in POLICIES),
    Watched("", "v1", "namespaces", "Namespace", cluster=True),
)
"""What people write by hand. The kinds of which there are as many as Agents are followed by `runtime/watches.py`."""


def register(registry: kopf.OperatorRegistry, intake: Intake, *, clusterwide: bool) -> None:
    """Registers the handler of every kind.

    Args:
        registry: where kopf finds its handlers.
        intake: takes the bodies.
        clusterwide: whether cluster-scoped kinds may be watched.
    """
    for watched in WATCHED:
        if clusterwide or not watched.cluster:
            _register(registry, watched, intake)


def _register(registry: kopf.OperatorRegistry, watched: Watched, intake: Intake) -> None:
    where: dict[str, Any] = {"group": watched.group, "version": watched.version, "plural": watched.plural, "registry": registry}

    @kopf.on.event(**where, id=f"event-{watched.plural}")
    async def event(type: str | None, body: Mapping[str, Any], **_: Any) -> None:  # noqa: A002  (kopf's name)
        if type == "DELETED":
            intake.gone(watched.kind, body)
        else:
            intake.seen(watched.kind, body)


def register_life(registry: kopf.OperatorRegistry, operator: Operator) -> None:
    """Kopf begins to watch when the operator has started, and waits for its end.

    Our tasks end before kopf looks for tasks that are left over: it would wait 5 s for them, and the Lease with it.
    """

    @kopf.on.startup(registry=registry, id="start", errors=kopf.ErrorsMode.PERMANENT)
    async def start(**_: Any) -> None:
        await operator.start()

    @kopf.on.cleanup(registry=registry, id="close")
    async def close(**_: Any) -> None:
        await operator.close()
