"""Each known system is sent what its documentation asks for."""

import pytest

from agentops_operator.policies.trace.compile import fault
from agentops_operator.policies.trace.presets import PRESETS, fixed_headers, resource_attributes, traces_endpoint
from agentops_operator.policies.trace.types import Backend, Preset, TracePolicySpec

WANT = {
    "otlp": ("http://own:4318/v1/traces", {}),
    "langfuse": ("https://cloud.langfuse.com/api/public/otel/v1/traces", {"x-langfuse-ingestion-version": "4"}),
    "langsmith": ("https://api.smith.langchain.com/otel/v1/traces", {"Langsmith-Project": "p1"}),
    "phoenix": ("http://own:4318/v1/traces", {}),
    "galileo": ("https://api.galileo.ai/otel/traces", {"project": "p1"}),
    "mlflow": ("http://own:4318/v1/traces", {"x-mlflow-experiment-id": "p1"}),
    "traceloop": ("https://api.traceloop.com/v1/traces", {}),
    "promptlayer": ("https://api.promptlayer.com/v1/traces", {}),
    "opik": ("https://www.comet.com/opik/api/v1/private/otel/v1/traces", {"projectName": "p1"}),
}


@pytest.mark.parametrize("preset", list(Preset))
def test_preset_sends_to_the_documented_path_with_the_documented_headers(preset: Preset) -> None:
    """Path and fixed headers are those that the system's documentation gives."""
    endpoint = None if PRESETS[preset].endpoint else "http://own:4318/"
    backend = Backend.model_validate({"name": "b", "preset": preset, "endpoint": endpoint, "project": "p1"})
    assert (traces_endpoint(backend), fixed_headers(backend)) == WANT[preset]


OWN = {
    ("langfuse", "https://own"): "https://own/api/public/otel/v1/traces",
    ("langsmith", "https://own/api/v1"): "https://own/api/v1/otel/v1/traces",
    ("galileo", "https://api.own"): "https://api.own/otel/traces",
    ("mlflow", "http://own:5000"): "http://own:5000/v1/traces",
    ("phoenix", "http://own:6006"): "http://own:6006/v1/traces",
    ("opik", "http://own:5173"): "http://own:5173/api/v1/private/otel/v1/traces",
    ("opik", "https://own/opik/"): "https://own/opik/api/v1/private/otel/v1/traces",
}


@pytest.mark.parametrize(("preset", "endpoint"), list(OWN))
def test_an_installation_of_ones_own_is_reached_at_its_documented_path(preset: str, endpoint: str) -> None:
    """The public service of a system and an own installation differ in what stands before the path."""
    backend = Backend.model_validate({"name": "b", "preset": preset, "endpoint": endpoint, "project": "p1"})
    assert traces_endpoint(backend) == OWN[preset, endpoint]


def test_a_users_header_replaces_a_known_one_in_whatever_case() -> None:
    """Two headers of one name would be sent as two values, of which each system takes another."""
    headers = [{"name": "X-Langfuse-Ingestion-Version", "value": "5"}]
    backend = Backend.model_validate({"name": "b", "preset": "langfuse", "headers": headers})
    assert fixed_headers(backend) == {"X-Langfuse-Ingestion-Version": "5"}


def test_phoenix_sorts_by_a_resource_attribute() -> None:
    """Phoenix reads the project from the resource, not from a header."""
    backend = Backend.model_validate({"name": "b", "preset": "phoenix", "endpoint": "http://own", "project": "p1"})
    assert resource_attributes(backend) == {"openinference.project.name": "p1"}


@pytest.mark.parametrize(
    ("endpoint", "takes"),
    [
        ("http://own:4318/", True),
        ("https://[fd00::1]:4318/a%20b", True),
        ("http://[", False),
        ("http://", False),
        ("http://a b", False),
        ("http://a:port", False),
        ("http://a/%zz", False),
        ("http://a?b=", False),
        ("http://a\n", False),
    ],
)
def test_endpoint_that_is_no_url_is_a_fault(endpoint: str, takes: bool) -> None:
    """The relay refuses a configuration with such a one, and with it the backends of everybody."""
    backend = Backend.model_validate({"name": "own", "endpoint": endpoint})
    assert (fault(TracePolicySpec(backends=[backend])) == "") == takes
