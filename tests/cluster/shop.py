"""A shop behind the gateway: two providers, an agent with OpenAI's SDK, and the policies that give it models."""

import json
import secrets
import urllib.error
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from demo.gateway import Gateway, fetch
from tests.cluster.access import Access
from tests.cluster.evidence import pods
from tests.cluster.shapes import Object, agent, container, custom, pod, workload

SHOP = f"e2e-gateway-{secrets.token_hex(2)}"  # the state store keeps runs of an Agent of that name for a day
AGENT = "desk"
POLICY = "e2e-gateway"
SECRET = "agentops-e2e-gateway"
DEMO = "agentops/demo:0.1.0"
SMALL = {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}}
PRICES = {"gpt-4o": {"input": "2.5", "output": "10"}, "gpt-4o-mini": {"input": "0.15", "output": "0.6"}}


def fallback() -> Object:
    """The platform's policy: the alias `smart` is answered by a, else by b; `small` by a cheaper model of b."""
    targets = [target("a", "provider-a", "gpt-4o"), target("b", "provider-b", "gpt-4o"), target("c", "provider-b", "gpt-4o-mini")]
    aliases = [
        {"name": "smart", "targets": [{"name": "a"}, {"name": "b"}]},
        {"name": "small", "targets": [{"name": "c"}]},
    ]
    return custom("ProviderFallback", POLICY, targets=targets, aliases=aliases)


def target(name: str, service: str, model: str) -> Object:
    """A model at a provider of the shop."""
    return {
        "name": name,
        "provider": "openai-compatible",
        "endpoint": f"http://{service}.{SHOP}.svc:8080",
        "model": model,
        "credential": {"secretName": SECRET, "keys": [{"role": "ApiKey", "key": "api-key"}]},
        "timeoutMilliseconds": 2000,
        "price": PRICES[model],
    }


def provider(name: str) -> tuple[Object, Object]:
    """A model provider with a bill of its own, and its Service."""
    runs = container(
        image=DEMO,
        command=["/opt/venv/bin/python", "-m", "demo.fake_provider"],
        resources=SMALL,
        volumeMounts=[],
        readinessProbe={"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
    )
    ports = [{"port": 8080}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}
    return pod(name, runs, labels={"app": name}), {**service, "spec": {"selector": {"app": name}, "ports": ports}}


def limited(steps: int, action: str = "Refuse") -> Object:
    """The Agent, whose runs may make so many calls."""
    return agent(AGENT, "Deployment", useCase="refunds", execution={"run": {"steps": {"max": steps, "action": action}}})


def caller() -> Object:
    """The agent's Deployment."""
    runs = container(
        image=DEMO,
        command=["/opt/venv/bin/python", "-m", "demo.caller"],
        resources=SMALL,
        volumeMounts=[],
        readinessProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    )
    return workload("Deployment", AGENT, runs)


@dataclass
class Shop:
    """Ways to ask agent, providers and gateway."""

    product: Access
    gateway: Gateway
    namespace: str = SHOP
    bill_of_a: dict[str, Any] = field(default_factory=dict)

    def build(self) -> None:
        """Providers and policies first, then the agent."""
        self.product.apply(*provider("provider-a"), *provider("provider-b"), limited(3), namespace=SHOP)
        self.open("provider-a", "provider-b")

    def open(self, *providers: str) -> None:
        """Starts the agent once the index says that its calls go through the gateway; waits until all take calls."""
        self.product.until("the gateway in the index", self._entry, lambda entry: entry.get("gateway") == "Refuse")
        self.product.wait_for_entry(self.namespace, f"Deployment/{AGENT}")
        self.product.apply(caller(), namespace=self.namespace)
        names = [f"pod/{name}" for name in providers]
        self.product.kubectl("wait", "--for=condition=Ready", *names, "-n", self.namespace, "--timeout=120s")
        self.product.kubectl("rollout", "status", f"deployment/{AGENT}", "-n", self.namespace, "--timeout=120s")

    def ask(self, run: str, model: str = "smart", **more: str) -> dict[str, Any]:
        """Lets the agent make one call of a run."""
        [one] = pods(self.product, self.namespace, "-l", f"app={AGENT}")
        said = {"model": model, "run": run, **more}
        found: dict[str, Any] = json.loads(fetch(f"http://{one['status']['podIP']}:8080", said))
        return found

    def received(self, name: str) -> str:
        """All requests that a provider got, with headers and bodies."""
        address = self.product.get("pod", name, "-n", self.namespace)["status"]["podIP"]
        return fetch(f"http://{address}:8080/control/requests")

    def statuses(self) -> list[int]:
        """What each replica of the gateway answers a call of the agent, with a token of its pod."""
        [one] = pods(self.product, SHOP, "-l", f"app={AGENT}")
        meta = one["metadata"]
        bound = ("--bound-object-kind=Pod", f"--bound-object-name={meta['name']}", f"--bound-object-uid={meta['uid']}")
        account = one["spec"]["serviceAccountName"]
        token = self.product.kubectl(
            "create", "token", account, "-n", SHOP, f"--audience=agentops/{SHOP}/{AGENT}", *bound
        ).strip()
        return [self._status(pod["status"]["podIP"], token) for pod in self.gateway.pods()]

    def _status(self, address: str, token: str) -> int:
        body = {"model": "smart", "messages": [{"role": "user", "content": "hello"}]}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "x-agentops-run-id": uuid4().hex}
        try:
            fetch(f"http://{address}:4000/v1/chat/completions", body, headers)
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    def bill(self, name: str) -> dict[str, Any]:
        """What a provider charges."""
        address = self.product.get("pod", name, "-n", self.namespace)["status"]["podIP"]
        found: dict[str, Any] = json.loads(fetch(f"http://{address}:8080/bill"))
        return found

    def _entry(self) -> dict[str, Any]:
        items = self.product.get("injectionindexes.agentops.dev", "-n", self.namespace)["items"]
        entries = [entry for item in items for entry in item.get("agents", {}).get(f"Deployment/{AGENT}", [])]
        return dict(next(iter(entries), {}))
