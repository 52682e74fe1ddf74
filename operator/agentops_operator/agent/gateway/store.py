"""What the gateway's pods are told of the state store. What is secret is in files alone: variables end up in dumps."""

from typing import Any

from agentops_operator.agent.facts import StoreSettings
from agentops_operator.kube.secrets import secret_volume

DIRECTORY = "/var/run/agentops-store"  # apart from the credentials of targets: no policy may name what is in it


def store_variables(store: StoreSettings) -> list[dict[str, Any]]:
    """Where the store is."""
    if not store.url:
        return []
    told = {
        "URL": store.url,
        "TOPOLOGY": store.topology,
        "ADDRESSES": ",".join(store.addresses),
        "MASTER": store.master,
        "SERVER_NAME": store.server_name,
        "SECRET": f"{DIRECTORY}/{store.secret}" if store.secret else "",
    }
    return [{"name": f"AGENTOPS_REDIS_{name}", "value": value} for name, value in told.items() if value]


def store_volumes(store: StoreSettings) -> list[dict[str, Any]]:
    """The Secret with its passwords and certificates."""
    return [secret_volume("store", store.secret)] if store.secret else []


def store_mounts(store: StoreSettings) -> list[dict[str, Any]]:
    """Where that Secret stands."""
    return [{"name": "store", "mountPath": f"{DIRECTORY}/{store.secret}", "readOnly": True}] if store.secret else []
