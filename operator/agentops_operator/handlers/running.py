"""Runs the watching framework inside our own loop."""

import asyncio

import kopf

from agentops_operator.handlers.settings import quiet_settings


async def watch(
    registry: kopf.OperatorRegistry, identity: str, namespaces: tuple[str, ...], stop: asyncio.Event | None = None
) -> None:
    """Watches until a signal comes or a watch cannot go on.

    Args:
        registry: the handlers.
        identity: name of this replica. Left out, kopf asks the system for the user's name, and an image has no user 65532.
        namespaces: namespaces to watch; empty means the whole cluster.
        stop: ends the watches when set.
    """
    await kopf.operator(
        registry=registry,
        settings=quiet_settings(),
        identity=identity,  # type: ignore[arg-type]  # a private kind of str
        clusterwide=not namespaces,
        namespaces=namespaces,
        standalone=True,
        stop_flag=stop,
    )
