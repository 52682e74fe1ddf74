"""A receiver of notices as docs/holds.md wants one: it takes what is ours and refuses all else. Standard library only.

Beside it lies `ours.py`, the function of that page. GET tells what was taken, PUT says which key it has from then on.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ours import is_ours

LOCK = threading.Lock()
STATE: dict = {"key": os.environ["RECEIVER_KEY"], "taken": [], "refused": 0}


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it took."""

    def do_POST(self) -> None:
        """A notice: 204 for one of ours, 401 for any other."""
        body = self.body()
        with LOCK:
            ours = is_ours(STATE["key"].encode(), dict(self.headers), body)
            if ours:
                STATE["taken"].append(json.loads(body))
            else:
                STATE["refused"] += 1
        self.answer(204 if ours else 401, b"")

    def do_PUT(self) -> None:
        """Another key."""
        key = self.body().decode()
        with LOCK:
            STATE["key"] = key
        self.answer(204, b"")

    def do_GET(self) -> None:
        """What came in."""
        with LOCK:
            text = json.dumps({"taken": STATE["taken"], "refused": STATE["refused"]})
        self.answer(200, text.encode())

    def body(self) -> bytes:
        """All that the client sends."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, status: int, body: bytes) -> None:
        """Ends the request."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8443), Receiver).serve_forever()
