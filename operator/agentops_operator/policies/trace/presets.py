"""How each known system takes OTLP: one row a system, checked against recorded facts by contract tests.

`{project}` in a value stands for the backend's project. A header of a backend without one is left out; the kind's rules
refuse a backend whose system takes nothing without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agentops_operator.policies.trace.types import Backend, Preset


@dataclass(frozen=True)
class PresetFacts:
    """Endpoint and headers of a system.

    Attributes:
        endpoint: public base URL, empty when every installation has its own.
        traces_path: path below the base URL that takes traces, the same for public and own installations.
        own_endpoints: base URLs of installations of one's own.
        key_holds: what the Secret's key must hold.
        project: what the project of the backend is, empty where the system reads none.
        credential_header: header that carries the credential, empty when the system needs none.
        credential_format: how the header's value is made from the Secret: `%s` stands for its content, and the
            prefix `basic:` for base64, as of HTTP basic authentication.
        headers: fixed headers.
        resource_attributes: attributes that the system reads its project from.
        compression: what the system takes.
    """

    endpoint: str = ""
    traces_path: str = "/v1/traces"
    own_endpoints: tuple[str, ...] = ("https://<host>",)
    key_holds: str = "an API key"
    project: str = ""
    credential_header: str = ""
    credential_format: str = "%s"
    headers: tuple[tuple[str, str], ...] = ()
    resource_attributes: tuple[tuple[str, str], ...] = ()
    compression: str = "gzip"


PRESETS: dict[Preset, PresetFacts] = {
    Preset.OTLP: PresetFacts(credential_header="Authorization", credential_format="Bearer %s", key_holds="a bearer token"),
    Preset.LANGFUSE: PresetFacts(
        endpoint="https://cloud.langfuse.com",
        traces_path="/api/public/otel/v1/traces",
        key_holds="`<public key>:<secret key>`",
        credential_header="Authorization",
        credential_format="basic:%s",
        headers=(("x-langfuse-ingestion-version", "4"),),  # older ingestion shows traces ten minutes late
    ),
    Preset.LANGSMITH: PresetFacts(
        endpoint="https://api.smith.langchain.com",
        traces_path="/otel/v1/traces",
        own_endpoints=("https://<host>/api/v1",),
        project="project",
        credential_header="x-api-key",
        headers=(("Langsmith-Project", "{project}"),),
    ),
    Preset.PHOENIX: PresetFacts(
        project="project, `default` without one",
        credential_header="Authorization",
        credential_format="Bearer %s",
        resource_attributes=(("openinference.project.name", "{project}"),),
    ),
    Preset.GALILEO: PresetFacts(
        endpoint="https://api.galileo.ai",
        traces_path="/otel/traces",
        own_endpoints=("https://<API host>",),
        project="project, required; the log stream is the header `logstream`",
        credential_header="Galileo-API-Key",
        headers=(("project", "{project}"),),
    ),
    Preset.MLFLOW: PresetFacts(
        key_holds="a bearer token",
        project="id of the experiment, required",
        credential_header="Authorization",
        credential_format="Bearer %s",
        headers=(("x-mlflow-experiment-id", "{project}"),),
    ),
    Preset.TRACELOOP: PresetFacts(
        endpoint="https://api.traceloop.com", credential_header="Authorization", credential_format="Bearer %s"
    ),
    Preset.PROMPTLAYER: PresetFacts(endpoint="https://api.promptlayer.com", credential_header="X-API-KEY"),
    Preset.OPIK: PresetFacts(
        endpoint="https://www.comet.com/opik",
        traces_path="/api/v1/private/otel/v1/traces",
        own_endpoints=("https://<host>", "https://<host>/opik"),
        project="project; the workspace is the header `Comet-Workspace`, which Comet's platform needs (the path with `/opik`)",
        credential_header="Authorization",
        headers=(("projectName", "{project}"),),
    ),
}


def traces_endpoint(backend: Backend) -> str:
    """The full URL that takes traces of this backend."""
    facts = PRESETS[backend.preset]
    return (backend.endpoint or facts.endpoint).rstrip("/") + facts.traces_path


def fixed_headers(backend: Backend) -> dict[str, str]:
    """Headers without credentials; a user's header wins, in whatever case it is written, and an empty one takes it away."""
    written = {header.name.lower() for header in backend.headers}
    known = {name: value for name, value in _known_headers(backend).items() if value and name.lower() not in written}
    return known | {header.name: header.value for header in backend.headers if header.value}


def _known_headers(backend: Backend) -> Mapping[str, str]:
    return {name: value.replace("{project}", backend.project or "") for name, value in PRESETS[backend.preset].headers}


def resource_attributes(backend: Backend) -> dict[str, str]:
    """Resource attributes that the system sorts traces by."""
    rows = PRESETS[backend.preset].resource_attributes
    return {name: value.replace("{project}", backend.project or "default") for name, value in rows}
