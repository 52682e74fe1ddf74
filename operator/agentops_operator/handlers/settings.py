"""How kopf is set: it may watch, and write nothing anywhere."""

import kopf

from agentops_operator.api.kind import GROUP
from agentops_operator.handlers.storage import NoDifferences, NoProgress


def quiet_settings() -> kopf.OperatorSettings:
    """Settings under which kopf lists and watches only."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    # CRDs come before the operator; watching them and all namespaces would need permissions for nothing.
    settings.scanning.disabled = True
    settings.persistence.finalizer = f"{GROUP}/unused"
    settings.persistence.progress_storage = NoProgress()
    settings.persistence.diffbase_storage = NoDifferences()
    settings.networking.request_timeout = 30.0
    settings.networking.connect_timeout = 10.0
    settings.watching.server_timeout = 290
    settings.watching.connect_timeout = 10.0
    settings.watching.chunk_size = 500
    settings.watching.reconnect_backoff = 1.0
    settings.queueing.idle_timeout = 0.2  # each object's task holds its last body until it ends
    settings.queueing.exit_timeout = 1.0
    return settings
