"""The forwarder beside an agent: the real sidecar, with an engine behind it."""

import json
import os
from pathlib import Path

from conformance import ROOT
from conformance.processes import Process, free_port

PROGRAM = ROOT / "build" / "bin" / "agentops-collector"
PORTS = ("AGENTOPS_LISTEN_GRPC", "AGENTOPS_LISTEN_HTTP", "AGENTOPS_LISTEN_HEALTH")


class Forwarder:
    """A sidecar that is told of a gateway what its agent's part of the plan says."""

    def __init__(self, directory: Path, plan: Path, agent: str, token: str, gateway: str, provider: str) -> None:
        if not PROGRAM.exists():
            raise FileNotFoundError(f"{PROGRAM} is not built: `make binaries`")
        port, pod = free_port(), directory / "pod"
        pod.mkdir(exist_ok=True)
        (pod / "token").write_text(token)
        env = {
            "PATH": os.environ["PATH"],
            "AGENTOPS_DIR": str(pod),
            "AGENTOPS_RELAY": "http://127.0.0.1:1",  # nobody: telemetry is none of the suite's business
            "AGENTOPS_GATEWAY": gateway,
            "AGENTOPS_LISTEN_FORWARDER": f"127.0.0.1:{port}",
            "AGENTOPS_ON_GATEWAY_DOWN": json.loads(plan.read_text())["agents"][agent]["onGatewayDown"],
            "AGENTOPS_DIRECT_OPENAI": provider,
            "AGENTOPS_DIRECT_ANTHROPIC": provider,
            **{name: f"127.0.0.1:{free_port()}" for name in PORTS},
        }
        self.url = f"http://127.0.0.1:{port}"
        self._process = Process([str(PROGRAM), "sidecar"], directory / "gateway-forwarder.log", env)
        self._process.wait_for(port)

    def kill(self) -> None:
        """Ends it."""
        self._process.kill()
