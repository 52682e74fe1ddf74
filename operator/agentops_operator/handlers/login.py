"""kopf reaches the API server with the same credentials as the rest of the process."""

from typing import Any

import kopf

from agentops_operator.runtime.cluster import ApiCluster


def register_login(registry: kopf.OperatorRegistry, cluster: ApiCluster) -> None:
    """Registers the only login: kopf's own would load a second client library, with its memory."""

    @kopf.on.login(registry=registry, id="login")  # type: ignore[arg-type,unused-ignore]
    async def login(**_: Any) -> kopf.ConnectionInfo:
        found = await cluster.connection()
        return kopf.ConnectionInfo(
            server=found.server,
            ca_path=found.ca_path,
            insecure=found.insecure,
            scheme="Bearer" if found.token else None,
            token=found.token,
            certificate_path=found.certificate_path,
            private_key_path=found.private_key_path,
        )
