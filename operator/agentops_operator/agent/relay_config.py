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
QUEUE_BYTES = 256 * 1024 * 1024  # for each backend; all queues and the store stay below the relay's volume


@cache
def _fixed_part() -> dict[str, Any]:
    text = files("agentops_operator.agent").joinpath("relay_base.yaml").read_text()
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def collector_config(backends: Mapping[str, BackendUse]) -> dict[str, Any]:
    """The collector configuration for these backends; without any, traces are stored and counted, and go nowhere else."""
    config = copy.deepcopy(_fixed_part())
    for name in sorted(backends):
        _add_backend(config, name, backends[name])
    return config


def _add_backend(config: dict[str, Any], name: str, use: BackendUse) -> None:
    """Authenticator, selection, exporter and pipeline of one backend, apart from all others: one that fails harms none."""
    authenticator, exporter, selection = f"agentops_headers/{name}", f"otlp_http/{name}", f"agentops_select/{name}"
    config["extensions"][authenticator] = {"backend": name, "headers": _headers(use)}
    config["service"]["extensions"].append(authenticator)
    config["processors"][selection] = {"backend": name}
    config["exporters"][exporter] = _exporter(use, authenticator)
    processors = [selection]
    attributes = resource_attributes(use.backend)
    if attributes:
        labels = f"resource/{name}"
        config["processors"][labels] = {
            "attributes": [{"key": key, "value": value, "action": "upsert"} for key, value in sorted(attributes.items())]
        }
        processors.append(labels)
    config["service"]["pipelines"][f"traces/{name}"] = {
        "receivers": [FAN_OUT],
        "processors": processors,
        "exporters": [exporter],
    }
    entry = config["service"]["pipelines"]["traces"]["exporters"]
    if FAN_OUT not in entry:
        # A connector that nobody receives from is an error, so it is there only when a backend is.
        config["connectors"][FAN_OUT] = {}
        entry.append(FAN_OUT)


def _headers(use: BackendUse) -> list[dict[str, Any]]:
    fixed = [{"name": name, "value": value} for name, value in sorted(fixed_headers(use.backend).items())]
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


def _exporter(use: BackendUse, authenticator: str) -> dict[str, Any]:
    return {
        "traces_endpoint": traces_endpoint(use.backend),
        "compression": PRESETS[use.backend.preset].compression,
        "auth": {"authenticator": authenticator},
        "retry_on_failure": {"enabled": True, "initial_interval": "1s", "max_interval": "30s", "max_elapsed_time": "0s"},
        "sending_queue": {
            "enabled": True,
            "storage": "file_storage",
            "sizer": "bytes",
            "queue_size": QUEUE_BYTES,
            "batch": {"flush_timeout": "1s", "min_size": 262144},
        },
    }
