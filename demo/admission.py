"""Whether admission knows an entry of the injection index: the API server follows that by a watch, and says nobody how far."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from devcluster.errors import DevclusterError

RANGE_OR_QUOTA = ("per Container", "exceeded quota")
OWNERS = {
    "Deployment": ("apps/v1", "ReplicaSet", "{}-0"),
    "CronJob": ("batch/v1", "Job", "{}-12345678"),
    "Job": ("batch/v1", "Job", "{}"),
}


def admits(kubectl: Callable[..., str], namespace: str, key: str, entry: Mapping[str, Any]) -> bool:
    """Whether a pod that the key means would get what its entry says, if it were made now; none is made.

    A quota or a range that refuses the pod does so because of its sidecar.
    """
    asked = ("create", "--dry-run=server", "-o", "json", "-n", namespace, "-f", "-")
    try:
        made = json.loads(kubectl(*asked, stdin=json.dumps(pod_of(key, str(entry.get("serviceAccountName", ""))))))
    except DevclusterError as error:
        if "is forbidden" not in str(error):
            raise
        return any(words in str(error) for words in RANGE_OR_QUOTA)
    notes, volumes = made["metadata"].get("annotations", {}), json.dumps(made["spec"].get("volumes", []))
    noted = all(notes.get(f"agentops.dev/{name}", "") == entry.get(name, "") for name in ("agent", "gateway"))
    return noted and all(str(entry.get(name, "")) in volumes for name in ("rules", "hashKeySecret"))


def pod_of(key: str, account: str = "") -> dict[str, Any]:
    """A pod as the workload of the key would make it, which every Pod Security level takes."""
    kind, _, name = key.partition("/")
    metadata: dict[str, Any] = {"name": "asked"}
    if "=" in key:
        metadata["labels"] = dict([key.split("=", 1)])
    elif kind == "Pod":
        metadata["name"] = name
    else:
        group, owner, form = OWNERS.get(kind, ("apps/v1", kind, "{}"))
        controller = {"apiVersion": group, "kind": owner, "name": form.format(name), "uid": "asked", "controller": True}
        metadata |= {"labels": {"pod-template-hash": "0"}, "ownerReferences": [controller]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _spec(account)}


def _spec(account: str) -> dict[str, Any]:
    runs = {
        "name": "main",
        "image": "asked",
        "resources": {"requests": {"cpu": "60m", "memory": "16Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    return {"containers": [runs], "securityContext": security, **({"serviceAccountName": account} if account else {})}
