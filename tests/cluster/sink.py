"""A backend that counts: takes OTLP over HTTP at 4318 and tells at `/` what came in. Runs in a pod, standard library only."""

import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# A span's number as protobuf has it: a value of the type integer, which is a varint, beside its key; either may come first.
VALUE = rb"\x12[\x02-\x0b]\x18([\x80-\xff]*[\x00-\x7f])"
KEY = rb"\n\x12first_agent\.number"
NUMBER = re.compile(VALUE + KEY + b"|" + KEY + VALUE, re.DOTALL)
SECRETS = (b"sk-proj-Zq8", b"jane.doe@")
LOCK = threading.Lock()
SEEN: dict[str, set] = {"numbers": set(), "leaked": set(), "authorization": set()}


def varint(raw: bytes) -> int:
    """Decodes a varint."""
    return sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(raw))


class Sink(BaseHTTPRequestHandler):
    """Takes everything."""

    def do_POST(self) -> None:
        """Reads one batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with LOCK:
            SEEN["numbers"].update(varint(one or other) for one, other in NUMBER.findall(body))
            SEEN["leaked"].update(secret.decode() for secret in SECRETS if secret in body)
            SEEN["authorization"].add(self.headers.get("Authorization", ""))
        self.answer(b"")

    def do_GET(self) -> None:
        """Tells what came in."""
        with LOCK:
            self.answer(json.dumps({name: sorted(values) for name, values in SEEN.items()}).encode())

    def answer(self, body: bytes) -> None:
        """Says that all is well."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if body else "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", 4318), Sink).serve_forever()
