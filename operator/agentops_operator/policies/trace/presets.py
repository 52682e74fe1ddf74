"""How each known system takes OTLP: one row a system, checked against recorded facts by contract tests.

`{project}` in a value stands for the backend's project; a row whose header needs one is refused without it.
"""

from dataclasses import dataclass

from agentops_operator.policies.trace.types import Backend, Preset


@dataclass(frozen=True)
class PresetFacts:
    """Endpoint and headers of a system.

    Attributes:
        endpoint: public base URL, empty when every installation has its own.
        traces_path: path below the base URL that takes traces.
        credential_header: header that carries the credential, empty when the system needs none.
        credential_format: how the header's value is made from the Secret: `%s` stands for its content, and the
            prefix `basic:` for base64, as of HTTP basic authentication.
        headers: fixed headers.
        resource_attributes: attributes that the system reads its project from.
        compression: what the system takes.
    """

    endpoint: str = ""
    traces_path: str = "/v1/traces"
    credential_header: str = ""
    credential_format: str = "%s"
    headers: tuple[tuple[str, str], ...] = ()
    resource_attributes: tuple[tuple[str, str], ...] = ()
    compression: str = "gzip"


PRESETS: dict[Preset, PresetFacts] = {
    Preset.OTLP: PresetFacts(credential_header="Authorization", credential_format="Bearer %s"),
    Preset.LANGFUSE: PresetFacts(
        endpoint="https://cloud.langfuse.com",
        traces_path="/api/public/otel/v1/traces",
        credential_header="Authorization",
        credential_format="basic:%s",
        headers=(("x-langfuse-ingestion-version", "4"),),  # older ingestion shows traces ten minutes late
    ),
    Preset.LANGSMITH: PresetFacts(
        endpoint="https://api.smith.langchain.com",
        traces_path="/otel/v1/traces",
        credential_header="x-api-key",
        headers=(("Langsmith-Project", "{project}"),),
    ),
    Preset.PHOENIX: PresetFacts(
        credential_header="Authorization",
        credential_format="Bearer %s",
        resource_attributes=(("openinference.project.name", "{project}"),),
    ),
    Preset.GALILEO: PresetFacts(
        endpoint="https://app.galileo.ai",
        traces_path="/api/galileo/otel/traces",
        credential_header="Galileo-API-Key",
        headers=(("project", "{project}"),),
    ),
    Preset.MLFLOW: PresetFacts(
        credential_header="Authorization",
        credential_format="Bearer %s",
        headers=(("x-mlflow-experiment-id", "{project}"),),
    ),
    Preset.TRACELOOP: PresetFacts(
        endpoint="https://api.traceloop.com", credential_header="Authorization", credential_format="Bearer %s"
    ),
    Preset.PROMPTLAYER: PresetFacts(endpoint="https://api.promptlayer.com", credential_header="X-API-KEY"),
    Preset.OPIK: PresetFacts(
        endpoint="https://www.comet.com",
        traces_path="/opik/api/v1/private/otel/v1/traces",
        credential_header="Authorization",
        headers=(("projectName", "{project}"),),
    ),
}


def traces_endpoint(backend: Backend) -> str:
    """The full URL that takes traces of this backend."""
    facts = PRESETS[backend.preset]
    return (backend.endpoint or facts.endpoint).rstrip("/") + facts.traces_path


def fixed_headers(backend: Backend) -> dict[str, str]:
    """Headers without credentials; a user's header wins, and one that needs a missing project is left out."""
    rows = PRESETS[backend.preset].headers
    known = {name: value.replace("{project}", backend.project or "") for name, value in rows}
    return {name: value for name, value in known.items() if value} | {header.name: header.value for header in backend.headers}


def resource_attributes(backend: Backend) -> dict[str, str]:
    """Resource attributes that the system sorts traces by."""
    rows = PRESETS[backend.preset].resource_attributes
    return {name: value.replace("{project}", backend.project or "default") for name, value in rows}
