"""The native engine, `agentops-gateway`."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from conformance import ROOT
from conformance.engines import GATEWAY, Settings
from conformance.processes import Process, free_port, until

PROGRAM = Path(os.environ.get("AGENTOPS_GATEWAY_PROGRAM") or ROOT / "build" / "bin" / "agentops-gateway")


class Native:
    """Starts the program that `make binaries` builds."""

    name = "native"
    patience = 15.0

    def start(self, settings: Settings) -> "NativeRunning":
        """A replica with ports of its own."""
        if not PROGRAM.exists():
            raise FileNotFoundError(f"{PROGRAM} is not built: `make binaries`")
        return NativeRunning(settings)


class NativeRunning:
    """One process."""

    def __init__(self, settings: Settings) -> None:
        api, admin, metrics = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{api}"
        self._admin = f"http://127.0.0.1:{admin}"
        self._token = settings.operator_token
        self._metrics = f"http://127.0.0.1:{metrics}/metrics"
        env = {
            "PATH": os.environ["PATH"],
            **settings.environment,
            "AGENTOPS_PLAN": str(settings.plan),
            "AGENTOPS_SECRETS": str(settings.secrets),
            "AGENTOPS_LISTEN": f"127.0.0.1:{api}",
            "AGENTOPS_ADMIN_LISTEN": f"127.0.0.1:{admin}",
            "AGENTOPS_METRICS_LISTEN": f"127.0.0.1:{metrics}",
            "AGENTOPS_REDIS_URL": settings.redis_url,
            "AGENTOPS_ISSUER_JWKS": str(settings.jwks),
            "AGENTOPS_ISSUER_NAME": settings.issuer,
            "AGENTOPS_MAX_BODY_BYTES": str(settings.max_body_bytes),
            "AGENTOPS_DRAIN_SECONDS": str(settings.drain_seconds),
            "AGENTOPS_POD_NAME": settings.log.stem,
            "AGENTOPS_TENANT_TOKEN": str(settings.tenant_token),
        }
        command = [str(PROGRAM)]
        if settings.tenant:
            command.append("tenant")
            subject = f"system:serviceaccount:{GATEWAY.replace('/', ':')}"
            env |= {"AGENTOPS_TENANT_NAMESPACE": settings.tenant, "AGENTOPS_GATEWAY_SUBJECT": subject}
        self._process = Process(command, settings.log, env)
        self._process.wait_for(api)
        self._process.wait_for(admin)

    def in_force(self) -> tuple[str, str]:
        """As the admin API says."""
        found = self._ask("/v1/state")["plan"]
        return found["digest"], found["error"]

    def usage(self, agent: str) -> dict[str, Any]:
        """As the admin API says, once it has found the store."""
        found: dict[str, Any] = {}

        def answers() -> bool:
            try:
                found.update(self._ask(f"/v1/usage?agent={agent}"))
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
            return bool(found)

        until(answers, "the store is away")
        return found

    def holds(self) -> list[dict[str, Any]]:
        """As the admin API says."""
        found: list[dict[str, Any]] = self._ask("/v1/holds?size=500")["holds"]
        return found

    def decide(self, **decision: Any) -> dict[str, Any]:
        """As the operator does."""
        return self._ask("/v1/decisions", decision)

    def ready(self) -> bool:
        """As the kubelet asks."""
        try:
            with urllib.request.urlopen(f"{self._admin}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:  # nobody listens, or it ended before it answered
            return False

    def metrics(self) -> str:
        """As Prometheus scrapes them."""
        with urllib.request.urlopen(self._metrics, timeout=5) as answer:
            return str(answer.read().decode())

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def wait(self) -> None:
        """Until it has ended."""
        self._process.wait()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._admin + path, data, {"Authorization": f"Bearer {self._token}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found
