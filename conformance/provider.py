"""The played providers: a process of their own, and what a case says to them."""

import json
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance import ROOT
from conformance.processes import Process, free_port


class Provider:
    """All providers; each is a prefix of the URL."""

    def __init__(self, directory: Path) -> None:
        self.port, tls, self._proxy = free_port(), free_port(), free_port()
        self._directory = directory
        command = [sys.executable, "-m", "conformance.world", str(self.port), str(tls), str(self._proxy), str(directory)]
        self._process = Process(command, directory / "provider.log", cwd=ROOT)
        self._process.wait_for(self.port)

    def url(self, name: str) -> str:
        """Base URL of one provider, without `/v1`."""
        return f"http://127.0.0.1:{self.port}/{name}"

    def environment(self) -> dict[str, str]:
        """How a gateway finds the providers at addresses of their own, and believes them."""
        return {"HTTPS_PROXY": f"http://127.0.0.1:{self._proxy}", "SSL_CERT_FILE": str(self._directory / "ca.pem")}

    def service_account(self) -> str:
        """The JSON of Google's service account."""
        return (self._directory / "account.json").read_text()

    def fault(self, **fault: Any) -> None:
        """Orders a fault; the fields are those of the fake provider, `times` 0 means until cleared."""
        self._ask("POST", "/control/faults", fault)

    def heal(self, name: str = "") -> None:
        """All is well again, or all at one provider."""
        self._ask("DELETE", f"/control/faults?provider={name}")

    def answers(self, *lines: tuple[str, str]) -> None:
        """Questions that match the first get the second as answer."""
        self._ask("PUT", "/control/answers", [{"match": match, "answer": answer} for match, answer in lines])

    def keys(self, **keys: Sequence[str]) -> None:
        """The keys that each provider takes."""
        self._ask("PUT", "/control/keys", keys)

    def requests(self, name: str = "") -> list[dict[str, Any]]:
        """What arrived of late, or what arrived at one provider."""
        found: list[dict[str, Any]] = self._ask("GET", "/control/requests")
        return [request for request in found if name in ("", request["provider"])]

    def bill(self, name: str = "", **of: str) -> dict[str, float]:
        """Sums of calls, failures, tokens and micro-USD of one provider, or of all; `of` names a model or a key."""
        wanted = {**({"provider": name} if name else {}), **of}
        lines = self._ask("GET", "/bill")["lines"]
        found = [line for line in lines if all(line[field] == value for field, value in wanted.items())]
        counts = (
            "calls",
            "failed",
            "inputTokens",
            "cachedTokens",
            "outputTokens",
            "writtenTokens",
            "reasoningTokens",
            "microUsd",
        )
        return {count: sum(line[count] for line in found) for count in counts}

    def reset(self) -> None:
        """As if just started."""
        self.heal()
        self.answers()
        self.keys()
        self._ask("DELETE", "/control/requests")
        self._ask("DELETE", "/bill")

    def stop(self) -> None:
        """Ends it."""
        self._process.kill()

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None
