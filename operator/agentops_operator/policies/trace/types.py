"""The TracePolicy resource."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from agentops_operator.api.binding import Attachment
from agentops_operator.api.model import Model, cel, marks
from agentops_operator.api.status import AgentCounts, CommonStatus

BackendName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
HeaderName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9-]+$")]
Text = Annotated[str, StringConstraints(max_length=512)]


class Capture(StrEnum):
    """How much of prompts, answers and tool payloads is kept."""

    NONE = "None"
    MASKED = "Masked"
    FULL = "Full"


CAPTURE_STRICTNESS = (Capture.FULL, Capture.MASKED, Capture.NONE)  # loosest first


class Preset(StrEnum):
    """Systems whose endpoint and headers are known; `otlp` is any other."""

    OTLP = "otlp"
    LANGFUSE = "langfuse"
    LANGSMITH = "langsmith"
    PHOENIX = "phoenix"
    GALILEO = "galileo"
    MLFLOW = "mlflow"
    TRACELOOP = "traceloop"
    PROMPTLAYER = "promptlayer"
    OPIK = "opik"


class OptOut(StrEnum):
    """Whether a pod may refuse the sidecar by label."""

    ALLOWED = "Allowed"
    DENIED = "Denied"


class OnBypass(StrEnum):
    """What happens to a pod whose container keeps an own telemetry endpoint."""

    REPORT = "Report"
    DENY = "Deny"


class SecretKey(Model):
    """One key of a Secret that the kubelet mounts into the relay."""

    secret_name: Annotated[str, StringConstraints(max_length=253, pattern=r"^agentops-[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")] = Field(
        description="Name of the Secret; must begin with `agentops-`."
    )
    key: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = Field(
        description="Key in the Secret."
    )


class Header(Model):
    """A header with a fixed, public value."""

    name: HeaderName = Field(description="Name of the header.")
    value: Text = Field(description="Value of the header; never a credential.")


class Backend(Model):
    """A system that receives traces."""

    name: BackendName = Field(description="Name of the backend within the policy.")
    preset: Preset = Field(default=Preset.OTLP, description="System; gives paths, headers and protocol.")
    endpoint: Annotated[str, StringConstraints(max_length=512)] | None = Field(
        default=None,
        description="Base URL of an installation of your own; needed where the preset has no public one.",
        json_schema_extra=marks(
            cel("self.startsWith('http://') || self.startsWith('https://')", "endpoint must be an http or https URL")
        ),
    )
    credentials: SecretKey | None = Field(
        default=None, description="Credential as the table of systems says; the relay reads it, the operator never does."
    )
    project: Text | None = Field(default=None, description="What the system sorts traces by, such as its project.")
    headers: list[Header] = Field(
        default=[],
        max_length=16,
        description="More headers.",
        json_schema_extra=marks(list_type="map", map_keys=("name",)),
    )


class Sampling(Model):
    """How much is exported; metrics and the trace store always see everything."""

    percent: int = Field(default=100, ge=0, le=100, description="Traces exported, chosen by trace id.")


NEEDS_PROJECT = ("galileo", "mlflow")
PROJECT_HEADERS = ("project", "projectid", "x-mlflow-experiment-id")
PROJECT_GIVEN = (
    f"self.all(b, !(b.preset in {list(NEEDS_PROJECT)}) || (has(b.project) && b.project != '')"
    f" || (has(b.headers) && b.headers.exists(h, h.name.lowerAscii() in {list(PROJECT_HEADERS)})))"
)
BACKEND_RULES = (
    cel(
        "self.all(b, has(b.endpoint) || b.preset in ['langfuse', 'langsmith', 'galileo', 'traceloop', 'promptlayer', 'opik'])",
        "endpoint must be given for the presets otlp, phoenix and mlflow, which have no public one",
    ),
    cel(
        PROJECT_GIVEN,
        "project must be given for the presets galileo and mlflow, which take no traces without one",
    ),
)


class TracePolicySpec(Attachment):
    """What is captured and where it goes."""

    capture: Capture = Field(default=Capture.NONE, description="How much content is kept.")
    sampling: Sampling = Field(default=Sampling(), description="How much is exported.")
    backends: list[Backend] = Field(
        default=[],
        max_length=8,
        description="Systems that receive traces; logs and metrics of Agents go to none.",
        json_schema_extra=marks(*BACKEND_RULES, list_type="map", map_keys=("name",)),
    )
    allowed_backends: list[BackendName] | None = Field(
        default=None,
        max_length=32,
        json_schema_extra=marks(list_type="set"),
        description="Backends that tenants may use, by name; only platform policies may restrict them.",
    )
    opt_out: OptOut = Field(default=OptOut.DENIED, description="Whether pods may refuse the sidecar by label.")
    on_bypass: OnBypass = Field(default=OnBypass.REPORT, description="What happens to pods that keep an own telemetry endpoint.")


class TracePolicyStatus(CommonStatus):
    """What is known of the policy."""

    agents: AgentCounts | None = Field(default=None, description="Agents bound by the policy.")
