"""The webhook as a process, with the settings that the chart hands to it, and its entry at the API server."""

import base64
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from conformance.processes import free_port
from tests.admission.apiserver import PATIENCE, Api, Object

CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def only(objects: list[Object], kind: str, name: str) -> Object:
    """The one object of this kind and name."""
    (found,) = (item for item in objects if (item["kind"], item["metadata"]["name"]) == (kind, name))
    return found


@dataclass
class WebhookProcess:
    """`python -m agentops_operator.webhook` with the environment of the rendered Deployment."""

    rendered: list[Object]
    kubeconfig: Path
    certificates: Path
    log: Path
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        (container,) = only(self.rendered, "Deployment", "agentops-webhook")["spec"]["template"]["spec"]["containers"]
        # The kubelet makes one dollar of two.
        settings = {entry["name"]: entry["value"].replace("$$", "$") for entry in container["env"]}
        own = {
            "AGENTOPS_KUBECONFIG": str(self.kubeconfig),
            "AGENTOPS_HTTP_HOST": "127.0.0.1",
            "AGENTOPS_HTTP_PORT": str(self.ports[0]),
            "AGENTOPS_WEBHOOK_PORT": str(self.ports[1]),
            "AGENTOPS_WEBHOOK_TLS_DIR": str(self.certificates),
            "AGENTOPS_WEBHOOK_DRAIN_SECONDS": "0.2",
        }
        with self.log.open("ab") as out:
            command = [sys.executable, *container["command"][1:]]
            self.process = subprocess.Popen(command, env={**os.environ, **settings, **own}, stdout=out, stderr=out)
        deadline = time.monotonic() + PATIENCE
        while self.page("/readyz") != "ok":
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def page(self, path: str) -> str:
        """A page of its plain port; empty when nobody answers, or not with success."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[0]}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it; returns its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self.process = None
        return code

    def announce(self, api: Api, *trusted: Path) -> None:
        """Applies the chart's configuration; only the address is another, because no Service leads to this machine.

        Args:
            api: the API server.
            trusted: certificates that it trusts; the serving one when none is given.
        """
        body = only(self.rendered, "MutatingWebhookConfiguration", "agentops-inject")
        files = trusted or (self.certificates / "tls.crt",)
        trust = base64.b64encode(b"".join(file.read_bytes() for file in files)).decode()
        for webhook in body["webhooks"]:
            webhook["clientConfig"] = {"url": f"https://127.0.0.1:{self.ports[1]}/inject", "caBundle": trust}
        api.apply(CONFIGURATION, body)
