"""An agent with OpenAI's SDK beside its sidecar, both as processes, as a pod would run them."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from conformance.processes import free_port
from demo.gateway import fetch
from demo.images import ROOT, build_programs
from tests.operator_process.gateway_process import GatewayProcess


class SdkAgent:
    """The agent of `rt-a/billing`; it has a placeholder for a key and the sidecar's address, as admission writes them."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway = gateway
        self._port = free_port()

    def start(self) -> None:
        """Starts sidecar and agent; the gateway's owner ends them."""
        build_programs(("agentops-collector",))
        pod = self._gateway.home / "pod"
        pod.mkdir()
        (pod / "token").write_text(self._gateway.token("rt-a", "billing", "agentops/rt-a/billing"))
        forwarder = f"127.0.0.1:{free_port()}"
        gateway = f"http://127.0.0.1:{self._gateway.ports['llm']}"
        self._gateway.run(
            "sidecar", [str(ROOT / "build" / "bin" / "agentops-collector"), "sidecar"], _sidecar(pod, forwarder, gateway)
        )
        told = {"OPENAI_BASE_URL": f"http://{forwarder}/v1", "OPENAI_API_KEY": "agentops"}
        self._gateway.run("agent", [sys.executable, "-m", "demo.caller", str(self._port)], told)

    def ask(self, run: str, model: str = "smart") -> dict[str, Any]:
        """One call of a run."""
        found: dict[str, Any] = json.loads(fetch(f"http://127.0.0.1:{self._port}", {"model": model, "run": run}))
        return found

    def answers(self) -> bool:
        """Whether the process takes questions, and the forwarder too."""
        try:
            return self.ask("probe", "no-such-model")["status"] == 404
        except OSError:
            return False


def _sidecar(pod: Path, forwarder: str, gateway: str) -> dict[str, str]:
    closed = "http://127.0.0.1:9"  # no relay: model calls do not wait for one
    own = {name: f"127.0.0.1:{free_port()}" for name in ("GRPC", "HTTP", "HEALTH")}
    return {
        **{f"AGENTOPS_LISTEN_{name}": address for name, address in own.items()},
        "AGENTOPS_DIR": str(pod),
        "AGENTOPS_AGENT": "billing",
        "AGENTOPS_NAMESPACE": "rt-a",
        "AGENTOPS_POD_NAME": "p-0",
        "AGENTOPS_POD_UID": "p",
        "AGENTOPS_RELAY": closed,
        "AGENTOPS_RELAY_API": closed,
        "AGENTOPS_GATEWAY": gateway,
        "AGENTOPS_LISTEN_FORWARDER": forwarder,
        "PATH": os.environ["PATH"],
    }
