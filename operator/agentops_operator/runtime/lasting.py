"""Work that goes on as long as the process: what ends with an error begins again, and is not quietly missing.

A watch or an observer that died would leave conditions as they were, and `Enforced` would be a memory.
"""

import logging
from collections.abc import Awaitable, Callable

from prometheus_client import Counter

from agentops_operator.runtime.clock import Clock

LOG = logging.getLogger(__name__)
PAUSE = 5.0  # seconds until it begins again


async def lasting(name: str, work: Callable[[], Awaitable[None]], clock: Clock, failures: Counter) -> None:
    """Runs `work` for ever.

    Args:
        name: what the log and the metric call it.
        work: begins the work; it may begin again after an error, and ends only by one.
        clock: measures the pause before it begins again.
        failures: counts errors by `name`.
    """
    while True:
        try:
            await work()
        except Exception:
            LOG.exception("%s failed, and begins again in %.0f s", name, PAUSE)
            failures.labels(name).inc()
        await clock.sleep(PAUSE)
