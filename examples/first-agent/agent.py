"""The smallest agent: it knows nothing of AgentOps and sends one span a second to wherever OpenTelemetry's variables say."""

import json
import os
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request

ENDPOINT = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318") + "/v1/traces"
PLANTED = {
    "key": "sk-proj-" + "Zq8" * 12,  # made up, of the form of a provider's key
    "mail": "jane.doe@example.com",
}


def attribute(key: str, value: str | int) -> dict[str, object]:
    """One OTLP-JSON attribute."""
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}


def span(number: int) -> dict[str, object]:
    """One model call with a secret and an address where a careless agent would leave them."""
    now = time.time_ns()
    prompt = f"Use {PLANTED['key']} and write to {PLANTED['mail']} about order {number}"
    messages = [{"role": "user", "parts": [{"type": "text", "content": prompt}]}]
    return {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(now - 10**8),
        "endTimeUnixNano": str(now),
        "attributes": [
            attribute("gen_ai.operation.name", "chat"),
            attribute("gen_ai.provider.name", "openai"),
            attribute("gen_ai.request.model", "gpt-4o"),
            attribute("gen_ai.usage.input_tokens", 100),
            attribute("gen_ai.usage.output_tokens", 20),
            attribute("gen_ai.input.messages", json.dumps(messages)),
            attribute("http.request.header.authorization", f"Bearer {PLANTED['key']}"),
            attribute("first_agent.number", number),
        ],
    }


def send(number: int) -> None:
    """Sends one span; a failure is printed and forgotten, as telemetry must not stop an agent."""
    resource = {"attributes": [attribute("service.name", os.environ.get("OTEL_SERVICE_NAME", "first-agent"))]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span(number)]}]}]}
    request = urllib.request.Request(ENDPOINT, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=5).read()
    except (urllib.error.URLError, OSError) as error:
        print(f"span {number}: {error}", flush=True)


if __name__ == "__main__":
    # As the first process of a container it would ignore the signal, and each restart take half a minute.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for count in range(10**9):
        send(count)
        time.sleep(1)
