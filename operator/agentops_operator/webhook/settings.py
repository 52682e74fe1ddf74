"""How the webhook is set up: read once from the environment, then frozen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentops_operator.agent.sidecar import SidecarTemplate

NAMES = {
    "image": "image",
    "repository": "repository",
    "version": "version",
    "relay": "relay",
    "relayApi": "relay_api",
    "gateway": "gateway",
    "pullPolicy": "pull_policy",
    "runAsUser": "run_as_user",
    "resources": "resources",
    "extraEnv": "extra_env",
}


@dataclass(frozen=True)
class WebhookSettings:
    """Settings of the process; each comes from the environment variable that its text names."""

    sidecar: SidecarTemplate
    """What all sidecars have in common: `AGENTOPS_SIDECAR`, a JSON object."""

    certificates: Path = Path("/etc/agentops-webhook/tls")
    """Directory with `tls.crt` and `tls.key`: `AGENTOPS_WEBHOOK_TLS_DIR`."""

    port: int = 8443
    """Port that the API server calls: `AGENTOPS_WEBHOOK_PORT`."""

    drain_seconds: float = 10.0
    """How long it goes on answering after it was told to end: `AGENTOPS_WEBHOOK_DRAIN_SECONDS`. Until the Service no longer
    leads here, an answer that is missing is a pod without its sidecar."""

    namespaces: tuple[str, ...] = ()
    """Namespaces whose indexes are read, `AGENTOPS_WATCH_NAMESPACES`, comma separated; empty reads all."""

    kubeconfig: str = ""
    """Path of a kubeconfig, `AGENTOPS_KUBECONFIG`; empty uses the pod's service account."""

    http_host: str = "0.0.0.0"  # noqa: S104  (the API server, probes and scrapes come from outside the pod)
    """Address of both ports, `AGENTOPS_HTTP_HOST`."""

    http_port: int = 8080
    """Port of health and metrics, `AGENTOPS_HTTP_PORT`."""

    log_level: str = "INFO"
    """Level of the log, `AGENTOPS_LOG_LEVEL`."""


def from_environment(environment: Mapping[str, str]) -> WebhookSettings:
    """Reads all settings.

    Args:
        environment: the process environment.

    Raises:
        ValueError: a variable is missing or cannot be read; the message names it.
    """
    get = environment.get
    return WebhookSettings(
        sidecar=_sidecar(get("AGENTOPS_SIDECAR", "")),
        certificates=Path(get("AGENTOPS_WEBHOOK_TLS_DIR") or WebhookSettings.certificates),
        port=int(_number("AGENTOPS_WEBHOOK_PORT", get("AGENTOPS_WEBHOOK_PORT"), WebhookSettings.port)),
        drain_seconds=_number(
            "AGENTOPS_WEBHOOK_DRAIN_SECONDS", get("AGENTOPS_WEBHOOK_DRAIN_SECONDS"), WebhookSettings.drain_seconds
        ),
        namespaces=tuple(part.strip() for part in get("AGENTOPS_WATCH_NAMESPACES", "").split(",") if part.strip()),
        kubeconfig=get("AGENTOPS_KUBECONFIG", ""),
        http_host=get("AGENTOPS_HTTP_HOST") or WebhookSettings.http_host,
        http_port=int(_number("AGENTOPS_HTTP_PORT", get("AGENTOPS_HTTP_PORT"), WebhookSettings.http_port)),
        log_level=get("AGENTOPS_LOG_LEVEL", WebhookSettings.log_level).upper(),
    )


def _sidecar(text: str) -> SidecarTemplate:
    try:
        given: dict[str, Any] = json.loads(text)
        return SidecarTemplate(**{NAMES[name]: value for name, value in given.items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"AGENTOPS_SIDECAR must be a JSON object with {', '.join(NAMES)}: {error}") from None


def _number(name: str, text: str | None, default: float) -> float:
    try:
        return float(text) if text else default
    except ValueError:
        raise ValueError(f"{name} must be a number, got {text!r}") from None
