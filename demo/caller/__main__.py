"""Asks what it is told: `python -m demo.caller [port, else 8080]`."""

import json
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from openai import APIStatusError, OpenAI

# Not one retry: what the agent does not notice was mended by the gateway.
CLIENT = OpenAI(max_retries=0)


def ask(said: dict) -> dict:
    """One call, and what the SDK made of it."""
    messages = [{"role": "user", "content": said.get("text", "What is the refund window?")}]
    headers = {"x-agentops-run-id": said["run"]}
    try:
        raw = CLIENT.chat.completions.with_raw_response.create(
            model=said["model"], messages=messages, max_tokens=40, extra_headers=headers
        )
    except APIStatusError as error:
        return {"status": error.status_code, "error": type(error).__name__, "type": error.type, "code": error.code}
    return {"status": 200, "model": raw.parse().model, **told(raw.headers)}


def told(headers: Mapping[str, str]) -> dict:
    """Which target answered, and whether the call went past the gateway."""
    found = {"target": headers.get("x-agentops-target"), "route": headers.get("x-agentops-route")}
    return {name: value for name, value in found.items() if value}


class Caller(BaseHTTPRequestHandler):
    """Takes what to ask as JSON."""

    def do_POST(self) -> None:
        """Asks, and tells."""
        answer = json.dumps(ask(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Caller).serve_forever()
