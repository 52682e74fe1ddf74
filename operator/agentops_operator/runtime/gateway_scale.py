"""Handing the number of gateways over to an autoscaler.

A field that its only owner stops applying goes back to its default, and that of `replicas` is one: an installation of ten
gateways would be one for a while. So the number that stands gets another owner first, which never writes again; the
autoscaler's own writes go over it.
"""

from collections.abc import Mapping
from typing import Any

from agentops_operator.kube.names import FIELD_MANAGER, GATEWAY
from agentops_operator.runtime.objects import ApiError, Cluster, Ref

MANAGER = "agentops-operator-scale"


async def leave_replicas(cluster: Cluster, namespace: str) -> None:
    """Keeps the number of gateways as it is when the operator stops writing it.

    Raises:
        ApiError: the API server could not be asked; without the answer the number must not be let go.
    """
    stands = await cluster.get(Ref("apps/v1", "Deployment", namespace, GATEWAY))
    if stands is None or not owns_replicas(stands):
        return
    metadata = {"name": GATEWAY, "namespace": namespace, "uid": stands["metadata"]["uid"]}
    spec = {"replicas": stands["spec"]["replicas"]}
    try:
        await cluster.apply_as(MANAGER, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    except ApiError as error:
        if not error.moot:
            raise


def owns_replicas(deployment: Mapping[str, Any]) -> bool:
    """Whether the operator applied the number, and nobody else did since."""
    entries = deployment["metadata"].get("managedFields") or ()
    owners = [entry for entry in entries if "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})]
    return [(entry["manager"], entry["operation"]) for entry in owners] == [(FIELD_MANAGER, "Apply")]
