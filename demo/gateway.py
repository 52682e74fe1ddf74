"""What the gateway says of itself: each replica's admin API and metrics."""

import json
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.install import NAMESPACE

LABEL = "app.kubernetes.io/name=agentops-gateway"
COST = "agentops_gateway_cost_usd_total{"


@dataclass(frozen=True)
class Gateway:
    """The gateway of a cluster, as its operator reads it."""

    kubectl: Callable[..., str]

    def pods(self) -> list[dict[str, Any]]:
        """Pods that are not going away."""
        found = json.loads(self.kubectl("get", "pods", "-n", NAMESPACE, "-l", LABEL, "-o", "json"))["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def state(self) -> list[dict[str, Any]]:
        """What each replica runs."""
        return self._admin("/v1/state")

    def runs(self, agent: str) -> list[dict[str, Any]]:
        """Runs of an Agent, as `namespace/agent`, newest first, with their steps and cost."""
        found: list[dict[str, Any]] = self._admin(f"/v1/usage?agent={agent}")[0]["runs"]
        return found

    def cost(self, labels: Mapping[str, str]) -> float:
        """USD that all replicas counted under these labels."""
        pages = [fetch(f"http://{pod['status']['podIP']}:8889/metrics") for pod in self.pods()]
        return cost_in(pages, labels)

    def _admin(self, path: str) -> list[dict[str, Any]]:
        token = self.kubectl("create", "token", "agentops-operator", "-n", NAMESPACE, "--audience=agentops-relay").strip()
        headers = {"Authorization": f"Bearer {token}"}
        return [json.loads(fetch(f"http://{pod['status']['podIP']}:4001{path}", headers=headers)) for pod in self.pods()]


def cost_in(pages: Iterable[str], labels: Mapping[str, str]) -> float:
    """USD that pages of metrics count under these labels."""
    lines = [line for page in pages for line in page.splitlines() if line.startswith(COST)]
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(text in line for text in wanted))


def fetch(url: str, body: object = None, headers: Mapping[str, str] | None = None) -> str:
    """Asks an address of the cluster's network."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, dict(headers or {})), timeout=30) as answer:
        text: str = answer.read().decode()
    return text
