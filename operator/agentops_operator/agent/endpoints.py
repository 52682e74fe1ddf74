"""Variables of a container that lead past the sidecar, by the same rules as the admission policy's."""

import re
from collections.abc import Collection, Mapping
from typing import Any

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
VARIABLES = (ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT")
SIDECAR_ADDRESS = re.compile(r"(http://)?(127[.]0[.]0[.]1|localhost):431[78](/.*)?")

OPENAI = "OPENAI_BASE_URL"
ANTHROPIC = "ANTHROPIC_BASE_URL"
OPENAI_VARIABLES = (OPENAI, "OPENAI_API_BASE", "AZURE_OPENAI_ENDPOINT")
PROVIDER_VARIABLES = (*OPENAI_VARIABLES, ANTHROPIC)
FORWARDER = "http://127.0.0.1:4319"
FORWARDER_ADDRESS = re.compile(r"(http://)?(127[.]0[.]0[.]1|localhost):4319(/.*)?")


def foreign(container: Mapping[str, Any]) -> list[int]:
    """Positions in `env` of the variables that send telemetry past the sidecar; its own address is not past it."""
    return _elsewhere(container, VARIABLES, SIDECAR_ADDRESS)


def astray(container: Mapping[str, Any], names: Collection[str] = PROVIDER_VARIABLES) -> list[int]:
    """Positions in `env` of the variables that send model calls past the forwarder; its own address is not past it.

    Args:
        container: the container.
        names: the variables that are looked at, OpenAI's and Anthropic's by default.
    """
    return _elsewhere(container, names, FORWARDER_ADDRESS)


def _elsewhere(container: Mapping[str, Any], names: Collection[str], ours: re.Pattern[str]) -> list[int]:
    return [
        index
        for index, variable in enumerate(container.get("env") or ())
        if isinstance(variable, Mapping)
        and variable.get("name") in names
        and not ours.fullmatch(str(variable.get("value") or ""))
    ]
