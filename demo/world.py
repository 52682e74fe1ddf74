"""How the demo asks the cluster, the product, and what stands around it; every wait is for something that shows."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo import install, spans
from demo.images import ROOT
from demo.waiting import until
from devcluster import Cluster

MANIFESTS = ROOT / "demo" / "manifests"
NAMESPACE = "agentops-demo"
AGENT = "support"


@dataclass
class World:
    """One cluster with the product on it."""

    cluster: Cluster
    _addresses: dict[tuple[str, str], str] = field(default_factory=dict)
    until = staticmethod(until)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs kubectl."""
        return install.kubectl(self.cluster, *arguments, stdin=stdin)

    def get(self, *arguments: str, namespace: str = NAMESPACE) -> dict[str, Any]:
        """An object or a list."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-n", namespace, "-o", "json"))
        return found

    def apply(self, manifest: str, namespace: str = NAMESPACE) -> None:
        """Applies a file of demo/manifests, as a GitOps pipeline does it."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-n", namespace, "-f", str(MANIFESTS / manifest))

    def conditions(self, kind: str, name: str) -> dict[str, dict[str, Any]]:
        """Conditions by type."""
        status = self.get(f"{kind}.agentops.dev", name).get("status", {})
        return {entry["type"]: entry for entry in status.get("conditions", [])}

    def ask(self, service: str, path: str, *, method: str = "GET", body: object = None, **query: str) -> Any:
        """Asks a Service of the demo's namespace; JSON."""
        return json.loads(self._http(f"{self._address(service, NAMESPACE)}:8080{path}", method=method, body=body, query=query))

    def tell(self, service: str, path: str, body: object) -> None:
        """Tells a Service of the demo's namespace something, which answers nothing."""
        self._http(f"{self._address(service, NAMESPACE)}:8080{path}", method="POST", body=body, query={})

    def prometheus(self, path: str, **query: str) -> Any:
        """Asks Prometheus' API; the field `data` of its answer."""
        answer = self._http(f"{self._address('prometheus', install.NAMESPACE)}:9090/api/v1/{path}", query=query)
        return json.loads(answer)["data"]

    def relay(self, path: str, reader: tuple[str, str], **query: str) -> str:
        """Asks the relay with the token of a service account, given as namespace and name."""
        token = self.kubectl("create", "token", reader[1], "-n", reader[0], "--audience=agentops-relay").strip()
        address = self._address("agentops-relay", install.NAMESPACE)
        return self._http(f"{address}:4320{path}", query=query, headers={"Authorization": f"Bearer {token}"})

    def stored(self, pod_uid: str) -> tuple[str, list[spans.Span]]:
        """What the relay stored of one pod: as text, and as spans. Earlier runs of the demo may have left some as well."""
        text = self.relay("/v1/traces", (NAMESPACE, "default"), agent=AGENT, limit="10000")
        own = "\n".join(line for line in text.splitlines() if pod_uid in line)
        return own, spans.parse(own)

    def observations(self) -> dict[str, Any]:
        """What the relay tells the operator."""
        found: dict[str, Any] = json.loads(self.relay("/v1/observations", (install.NAMESPACE, "agentops-operator")))
        return found

    def observed_pod(self, pod_uid: str) -> dict[str, Any]:
        """What the sidecar of one pod reported about itself; empty when it did not."""
        pods = [pod for agent in self.observations()["agents"] for pod in agent["pods"]]
        return next((pod for pod in pods if pod["uid"] == pod_uid), {})

    def _address(self, service: str, namespace: str) -> str:
        if (service, namespace) not in self._addresses:
            found = self.get("service", service, namespace=namespace)
            self._addresses[service, namespace] = f"http://{found['spec']['clusterIP']}"
        return self._addresses[service, namespace]

    def _http(
        self,
        url: str,
        *,
        query: Mapping[str, str],
        method: str = "GET",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        data = None if body is None else json.dumps(body).encode()
        full = f"{url}?{urllib.parse.urlencode(query)}" if query else url
        request = urllib.request.Request(full, data, dict(headers or {}), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text: str = answer.read().decode()
        return text
