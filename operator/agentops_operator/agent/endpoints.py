"""Variables of a container that send telemetry elsewhere, by the same rule as the admission policy's."""

import re
from collections.abc import Mapping
from typing import Any

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
VARIABLES = (ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SIDECAR_ADDRESS = re.compile(r"(http://)?(127[.]0[.]0[.]1|localhost):431[78](/.*)?")


def foreign(container: Mapping[str, Any]) -> list[int]:
    """Positions in `env` of the variables that send telemetry past the sidecar; its own address is not past it."""
    return [
        index
        for index, variable in enumerate(container.get("env") or ())
        if isinstance(variable, Mapping)
        and variable.get("name") in VARIABLES
        and not SIDECAR_ADDRESS.fullmatch(str(variable.get("value") or ""))
    ]
