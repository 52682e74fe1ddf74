"""Variables that a container gets: where telemetry goes, and where model calls go. One that it has is never changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentops_operator.agent.endpoints import ANTHROPIC, ENDPOINT, FORWARDER, OPENAI, OPENAI_VARIABLES, astray, foreign
from agentops_operator.agent.index_types import IndexEntry

PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
PROTOCOLS = (PROTOCOL, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
PLACEHOLDER = "agentops"
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")
OWN_KEYS = (*KEYS, "ANTHROPIC_AUTH_TOKEN")


def added(container: Mapping[str, Any], entry: IndexEntry) -> Iterable[tuple[str, str]]:
    """Names and values of the variables that the container gets, in the order of the admission policy."""
    has = {item.get("name") for item in container.get("env") or ()}
    wanted = _telemetry(container, entry) | (_model_calls(container) if entry.gateway else {})
    return ((name, value) for name, value in wanted.items() if name not in has)


def _telemetry(container: Mapping[str, Any], entry: IndexEntry) -> dict[str, str]:
    """None where an own endpoint stands.

    Our protocol would break its exporter, our capture setting would send its content past the masking.
    """
    if foreign(container):
        return {}
    env = container.get("env") or ()
    # A container that asks for gRPC and names no endpoint keeps gRPC, on the sidecar's gRPC port.
    grpc = any(item.get("name") in PROTOCOLS and item.get("value") == "grpc" for item in env)
    wanted = {
        ENDPOINT: "http://127.0.0.1:4317" if grpc else "http://127.0.0.1:4318",
        PROTOCOL: "grpc" if grpc else "http/protobuf",
        "OTEL_SERVICE_NAME": entry.agent,
        "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": entry.capture,
    }
    if any(item.get("name") == ENDPOINT for item in env):  # a protocol of ours would not fit an endpoint that is not ours
        del wanted[PROTOCOL]
    return wanted


def _model_calls(container: Mapping[str, Any]) -> dict[str, str]:
    """Base URLs, and keys for SDKs that do not start without one."""
    wanted = {ANTHROPIC: FORWARDER}
    # Some clients for Azure take this base URL in the place of their own endpoint, or do not start with both.
    if not astray(container, OPENAI_VARIABLES):
        wanted = {OPENAI: f"{FORWARDER}/v1"} | wanted
    # A key may come from envFrom, where admission cannot see it and ours would win; and no placeholder goes elsewhere.
    own = any(item.get("name") in OWN_KEYS for item in container.get("env") or ())
    return wanted if own or container.get("envFrom") or astray(container) else wanted | dict.fromkeys(KEYS, PLACEHOLDER)
