"""The relay's collector configuration: one fixed part, and a few components for each backend."""

import copy
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agentops_operator.agent.plan import BackendUse
from agentops_operator.policies.trace.presets import PRESETS, fixed_headers, resource_attributes, traces_endpoint

SECRETS = "/var/run/agentops-secrets"
FAN_OUT = "forward/backends"
STORE_SHARE = 0.4  # of the volume
QUEUE_DIRECTORY = "/var/lib/agentops/queue"
QUEUES_SHARE = 0.4  # of the volume, for all backends together; the rest is slack, as a full disk loses data of everyone


@cache
def _fixed_part() -> dict[str, Any]:
    text = files("agentops_operator.agent").joinpath("relay_base.yaml").read_text()
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def collector_config(backends: Mapping[str, BackendUse], volume_bytes: int) -> dict[str, Any]:
    """The collector configuration; without any backend, traces are stored and counted, and go nowhere else.

    Args:
        backends: all backends by `namespace/policy/backend`.
        volume_bytes: size of the relay's volume; the queues are bounded below it.
    """
    config = copy.deepcopy(_fixed_part())
    if backends:
        _add_fan_out(config)
    for name in sorted(backends):
        _add_backend(config, name, backends[name], int(volume_bytes * QUEUES_SHARE) // len(backends))
    return config


def _add_fan_out(config: dict[str, Any]) -> None:
    """The way to the backends. A connector that nobody receives from is an error, so it is there only with a backend."""
    config["extensions"]["file_storage"] = {
        "directory": QUEUE_DIRECTORY,
        "create_directory": True,
        "recreate": True,
        "compaction": {"on_start": True, "on_rebound": True, "directory": QUEUE_DIRECTORY},
    }
    config["service"]["extensions"].append("file_storage")
    config["connectors"][FAN_OUT] = {}
    config["service"]["pipelines"]["traces"]["exporters"].append(FAN_OUT)


def _add_backend(config: dict[str, Any], name: str, use: BackendUse, queue_bytes: int) -> None:
    """Authenticator, selection, exporter and pipeline of one backend, apart from all others: one that fails harms none.

    Each is named as the backend, which is how the relay finds its state and queue.
    """
    authenticator, exporter, selection = f"agentops_headers/{name}", f"otlp_http/{name}", f"agentops_select/{name}"
    config["extensions"][authenticator] = {"headers": _headers(use)}
    config["service"]["extensions"].append(authenticator)
    config["processors"][selection] = {}
    config["exporters"][exporter] = _exporter(use, authenticator, queue_bytes)
    processors = [selection]
    attributes = resource_attributes(use.backend)
    if attributes:
        labels = f"resource/{name}"
        config["processors"][labels] = {
            "attributes": [
                {"key": key, "value": _literal(value), "action": "upsert"} for key, value in sorted(attributes.items())
            ]
        }
        processors.append(labels)
    config["service"]["pipelines"][f"traces/{name}"] = {
        "receivers": [FAN_OUT],
        "processors": processors,
        "exporters": [exporter],
    }


def _literal(text: str) -> str:
    """A policy's text as it is written: the collector takes `${scheme:…}` for a word of its own, and an unknown one ends all."""
    return text.replace("$", "$$")


def _headers(use: BackendUse) -> list[dict[str, Any]]:
    fixed = [{"name": name, "value": _literal(value)} for name, value in sorted(fixed_headers(use.backend).items())]
    credentials = use.backend.credentials
    facts = PRESETS[use.backend.preset]
    if credentials is None or not facts.credential_header:
        return fixed
    path = f"{SECRETS}/{credentials.secret_name}/{credentials.key}"
    secret: dict[str, Any] = {"name": facts.credential_header, "files": [path]}
    if facts.credential_format.startswith("basic:"):
        secret |= {"base64": True, "format": "Basic %s"}
    else:
        secret["format"] = facts.credential_format
    return [*fixed, secret]


def _exporter(use: BackendUse, authenticator: str, queue_bytes: int) -> dict[str, Any]:
    return {
        "traces_endpoint": _literal(traces_endpoint(use.backend)),
        "compression": PRESETS[use.backend.preset].compression,
        "auth": {"authenticator": authenticator},
        "retry_on_failure": {"enabled": True, "initial_interval": "1s", "max_interval": "30s", "max_elapsed_time": "0s"},
        "sending_queue": {
            "enabled": True,
            "storage": "file_storage",
            "sizer": "bytes",
            "queue_size": queue_bytes,
            "num_consumers": 2,
            "batch": {"flush_timeout": "1s", "min_size": 524288},
        },
    }
