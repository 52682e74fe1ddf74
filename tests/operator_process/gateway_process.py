"""A real gateway beside the operator under test: its Redis, a provider, tokens, and the plan as the kubelet would bring it."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jwt
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from agentops_operator.agent.gateway.objects import stored_text
from conformance.processes import free_port, listens, until
from demo.images import ROOT, build_programs
from devcluster import bin_dir
from devcluster.commands import run as command
from devcluster.packages import install
from tests.operator_process.control_plane import ControlPlane
from tests.operator_process.process import HOME

ISSUER = "https://issuer.test"
NAMES = ("redis", "provider", "gateway")  # in the order of their start
PROGRAM = ROOT / "build" / "bin" / "agentops-gateway"
CONFIG_MAP = f"/api/v1/namespaces/{HOME}/configmaps/agentops-gateway"


def rights() -> list[dict[str, Any]]:
    """What the chart lets the gateway's account do in its own namespace."""
    chart = str(ROOT / "charts" / "agentops-operator")
    shown = ["--show-only", "templates/gateway/rbac.yaml", "--set", "gateway.enabled=true", "--kube-version", "1.36.3"]
    text = command([bin_dir() / "helm", "template", "agentops", chart, "--namespace", HOME, *shown])
    return [obj for obj in yaml.safe_load_all(text) if obj["kind"] in ("Role", "RoleBinding")]


@dataclass
class GatewayProcess:
    """`agentops-gateway` with everything that it needs."""

    plane: ControlPlane
    home: Path
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("llm", "admin", "metrics", "redis", "provider")}
    )
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    follows: bool = False  # its plan through the API server; there is no kubelet then
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def start(self, program: Path | None = None) -> None:
        """Starts Redis, provider, gateway (this program, or that of this tree), and the thread that stands for the kubelet."""
        install({"redis-server": "redis-server"})
        if program is None:
            build_programs(("agentops-gateway",))
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        (self.home / "jwks.json").write_text(json.dumps({"keys": [{**public, "kid": "k", "use": "sig", "alg": "ES256"}]}))
        (self.home / "token").write_text(self.token(HOME, "agentops-operator", "agentops-relay"))
        redis = ["redis-server", "--port", str(self.ports["redis"]), "--dir", str(self.home), "--appendonly", "yes"]
        self._run("redis", [*redis, "--appendfsync", "always"])
        self._run("provider", [sys.executable, "-m", "demo.fake_provider", str(self.ports["provider"])])
        self._run("gateway", [str(program or PROGRAM), "serve"])
        until(lambda: all(map(listens, self.ports.values())), "store, provider and gateway listen", 60)
        if not self.follows:
            threading.Thread(target=self._bring_plans, daemon=True).start()

    def replica(self) -> "GatewayProcess":
        """Another gateway with the same store, started."""
        ports = {**self.ports, **{name: free_port() for name in ("llm", "admin", "metrics")}}
        made = replace(self, ports=ports, processes=[])
        made._run("gateway-2", [str(PROGRAM), "serve"])
        return made

    def stop(self) -> None:
        """Ends all of them."""
        self.stopped.set()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(10)

    def operator_settings(self) -> dict[str, str]:
        """Variables of an operator that runs this gateway."""
        return {
            "AGENTOPS_GATEWAY_ENABLED": "true",
            "AGENTOPS_GATEWAY_STORE_URL": self._redis,
            "AGENTOPS_OBSERVE_GATEWAY": "127.0.0.1",
            "AGENTOPS_GATEWAY_ADMIN_PORT": str(self.ports["admin"]),
            "AGENTOPS_GATEWAY_METRICS_PORT": str(self.ports["metrics"]),
            "AGENTOPS_RELAY_TOKEN_FILE": str(self.home / "token"),
            "AGENTOPS_OBSERVE_SECONDS": "1",
        }

    def token(self, namespace: str, account: str, audience: str) -> str:
        """A token as the kubelet mounts it."""
        now = int(time.time())
        about = {"namespace": namespace, "serviceaccount": {"name": account, "uid": "a"}, "pod": {"name": "p-0", "uid": "p"}}
        subject = f"system:serviceaccount:{namespace}:{account}"
        claims = {"iss": ISSUER, "aud": [audience], "sub": subject, "iat": now, "nbf": now, "exp": now + 3600}
        return jwt.encode({**claims, "kubernetes.io": about}, self.key, algorithm="ES256", headers={"kid": "k"})

    def mount_secret(self) -> None:
        """The Secret `agentops-llm` with the key `api-key`, as the kubelet mounts it."""
        directory = self.home / "secrets" / "agentops-llm"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "api-key").write_text("sk-of-the-provider")

    def unmount_secret(self) -> None:
        """Takes the Secret away."""
        (self.home / "secrets" / "agentops-llm" / "api-key").unlink()

    def received(self) -> str:
        """All requests that the provider got, with headers and bodies."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['provider']}/control/requests", timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def state(self) -> dict[str, Any]:
        """What the gateway tells the operator."""
        headers = {"Authorization": "Bearer " + (self.home / "token").read_text()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['admin']}/v1/state", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def chat(
        self, namespace: str, agent: str, model: str = "chat", text: str = "What is the weather?", run: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """One call of an Agent, of a run when that is given: status and body."""
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['llm']}/v1/chat/completions",
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Authorization": "Bearer " + self.token(namespace, agent, f"agentops/{namespace}/{agent}"),
                **({"x-agentops-run-id": run} if run else {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    @property
    def _redis(self) -> str:
        return f"redis://127.0.0.1:{self.ports['redis']}"

    def run(self, name: str, command: list[str], more: Mapping[str, str]) -> None:
        """Starts another process, which ends with the gateway."""
        with (self.home / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, env={**os.environ, **more}, stdout=log, stderr=log, cwd=ROOT))

    def stop_one(self, name: str) -> None:
        """Ends Redis or the gateway."""
        place = NAMES.index(name)
        self.processes[place].kill()
        self.processes[place].wait(10)

    def start_again(self, name: str) -> None:
        """Starts Redis or the gateway once more, over what it left."""
        self._run(name, [str(word) for word in self.processes[NAMES.index(name)].args])  # type: ignore[union-attr]
        self.processes[NAMES.index(name)] = self.processes.pop()

    def _run(self, name: str, command: list[str]) -> None:
        environment = {
            "AGENTOPS_PLAN": str(self.home / "plan.v1.json"),
            "AGENTOPS_SECRETS": str(self.home / "secrets"),
            "AGENTOPS_LISTEN": f"127.0.0.1:{self.ports['llm']}",
            "AGENTOPS_ADMIN_LISTEN": f"127.0.0.1:{self.ports['admin']}",
            "AGENTOPS_METRICS_LISTEN": f"127.0.0.1:{self.ports['metrics']}",
            "AGENTOPS_REDIS_URL": self._redis,
            "AGENTOPS_ISSUER_JWKS": str(self.home / "jwks.json"),
            "AGENTOPS_ISSUER_NAME": ISSUER,
            "AGENTOPS_OPERATOR_SUBJECT": f"system:serviceaccount:{HOME}:agentops-operator",
            "AGENTOPS_DRAIN_SECONDS": "1",  # no call is open when a test ends
        }
        self.run(name, command, environment | (self._followed() if self.follows else {}))

    def _followed(self) -> dict[str, str]:
        """As the operator's Deployment and the chart set it up: the account may get and watch this one ConfigMap."""
        account = f"/api/v1/namespaces/{HOME}/serviceaccounts/agentops-gateway"
        self.plane.apply(account, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "agentops-gateway"}})
        for obj in rights():
            place = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{HOME}/{obj['kind'].lower()}s"
            self.plane.apply(f"{place}/{obj['metadata']['name']}", obj)
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        token = self.plane.request("POST", f"{account}/token", request)["status"]["token"]
        (self.home / "gateway-token").write_text(token)
        return {
            "AGENTOPS_PLAN_CONFIG_MAP": f"{HOME}/agentops-gateway",
            "AGENTOPS_ISSUER_SERVER": self.plane.url,
            "AGENTOPS_ISSUER_CA": str(self.plane.home / "certs" / "apiserver.crt"),
            "AGENTOPS_ISSUER_TOKEN": str(self.home / "gateway-token"),
        }

    def _bring_plans(self) -> None:
        file = self.home / "plan.v1.json"
        while not self.stopped.wait(0.2):
            text = stored_text(self.plane.get(CONFIG_MAP) or {})
            if text and (not file.exists() or file.read_text() != text):
                fresh = file.with_suffix(".new")
                fresh.write_text(text)
                fresh.rename(file)
