"""How tests ask the cluster and the product; every wait is for a condition, and says what it last saw when it gives up."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from demo import install
from demo.admission import admits
from demo.images import ROOT
from demo.waiting import until
from devcluster import Cluster


@dataclass(frozen=True)
class Access:
    """One cluster with the product on it."""

    cluster: Cluster
    until = staticmethod(until)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs kubectl as cluster admin."""
        return install.kubectl(self.cluster, *arguments, stdin=stdin)

    def get(self, *arguments: str) -> dict[str, Any]:
        """An object or list as JSON."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found

    def apply(self, *objects: dict[str, Any], namespace: str = "default") -> None:
        """Server-side apply, as a GitOps pipeline does it."""
        text = yaml.safe_dump_all(objects)
        self.kubectl("apply", "--server-side", "--force-conflicts", "-n", namespace, "-f", "-", stdin=text)

    def apply_file(self, path: str, namespace: str) -> None:
        """Applies a file of the repository."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-n", namespace, "-f", str(ROOT / path))

    def config_map_from(self, name: str, file: Path, namespace: str) -> None:
        """A ConfigMap that holds one file."""
        data = {file.name: file.read_text()}
        self.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}, namespace=namespace)

    def first_agent(self, namespace: str, *, policies_first: bool = True, idle: bool = False) -> None:
        """The example agent; with its policies first, so that its pods are injected at once. An idle one sends nothing."""
        if policies_first:
            self.apply_file("examples/first-agent/agentops.yaml", namespace)
            self.wait_for_entry(namespace, "Deployment/first-agent")
        if idle:
            program = {"agent.py": "import time\ntime.sleep(10**6)\n"}
            self.apply(
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "first-agent"}, "data": program},
                namespace=namespace,
            )
        else:
            self.config_map_from("first-agent", ROOT / "examples/first-agent/agent.py", namespace)
        self.apply_file("examples/first-agent/deployment.yaml", namespace)
        if not policies_first:
            self.kubectl("rollout", "status", "deployment/first-agent", "-n", namespace, "--timeout=120s")
            self.apply_file("examples/first-agent/agentops.yaml", namespace)

    def wait_for_entry(self, namespace: str, key: str) -> None:
        """Waits until the injection index holds a key, and admission does what its entry says."""

        def in_force() -> bool:
            items = self.get("injectionindexes.agentops.dev", "-n", namespace)["items"]
            entries = [entry for item in items for entry in item.get("agents", {}).get(key, [])]
            return bool(entries) and admits(self.kubectl, namespace, key, entries[0])

        self.until(f"{key} in force in {namespace}", in_force, bool)

    def conditions(self, kind: str, name: str, namespace: str) -> dict[str, dict[str, Any]]:
        """Conditions by type; empty before the first status."""
        found = self.get(f"{kind}.agentops.dev", name, "-n", namespace)
        return {entry["type"]: entry for entry in found.get("status", {}).get("conditions", [])}

    def until_condition(self, kind: str, name: str, namespace: str, **wanted: str) -> dict[str, dict[str, Any]]:
        """Waits for conditions by `Type="Status"` or `Type="Status/Reason"`."""

        def holds(seen: dict[str, dict[str, Any]]) -> bool:
            return all(_said(seen.get(type_)).startswith(value) for type_, value in wanted.items())

        return self.until(f"{kind} {namespace}/{name} {wanted}", lambda: self.conditions(kind, name, namespace), holds)

    @cache  # noqa: B019  (tests end with the process)
    def relay_address(self) -> str:
        """Cluster address of the relay's Service; the host reaches it."""
        service = self.get("service", "agentops-relay", "-n", install.NAMESPACE)
        return str(service["spec"]["clusterIP"])

    def token(self, namespace: str, account: str = "default", audience: str = "agentops-relay") -> str:
        """A token of a service account, as a reader's pod would have."""
        return self.kubectl("create", "token", account, "-n", namespace, f"--audience={audience}").strip()

    def relay(self, path: str, token: str, **query: str) -> tuple[int, str]:
        """Asks the relay's API; status code and body."""
        url = f"http://{self.relay_address()}:4320{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:  # it holds the connection
                return error.code, error.read().decode()

    def traces(self, namespace: str, agent: str) -> str:
        """Stored traces of an agent, as a reader of its namespace sees them."""
        _, body = self.relay("/v1/traces", self.token(namespace), namespace=namespace, agent=agent, limit="1000")
        return body

    def metric(self, name: str, **labels: str) -> float:
        """Sum of a metric of the relay over all series with these labels."""
        with urllib.request.urlopen(f"http://{self.relay_address()}:8889/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        rows = [line for line in lines if line.startswith(name + "{") and all(text in line for text in wanted)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in rows)


def _said(condition: dict[str, Any] | None) -> str:
    return f"{condition['status']}/{condition['reason']}" if condition else ""
