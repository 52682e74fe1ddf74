"""What a case works with: providers, a store, an issuer, and the engine under test."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.caller import Caller, Connections
from conformance.engines import Engine, Running, Settings
from conformance.forwarder import Forwarder
from conformance.issuer import NAME, Issuer
from conformance.plans import AGENT, Plan, target
from conformance.processes import until
from conformance.provider import Provider
from conformance.store import Store

PROVIDERS = ("a", "b", "c")
RELOAD_SECONDS = 5.0
"""A changed plan is in force on every replica within this time; more is a failure."""


class Lab:
    """One case's world."""

    def __init__(self, engine: Engine, provider: Provider, store: Store, issuer: Issuer, directory: Path) -> None:
        self.engine = engine
        self.provider = provider
        self.store = store
        self.issuer = issuer
        self.replicas: list[Running] = []
        self._forwarders: list[Forwarder] = []
        self.tenants: list[Running] = []
        self._directory = directory
        self._plan_file = directory / "plan.v1.json"
        self._started = 0
        self._connections = Connections(engine.patience)
        for name in PROVIDERS:
            self.write_secret(f"agentops-{name}", f"sk-{name}-0001")

    def target(self, name: str, kind: str = "openai", **fields: Any) -> dict[str, Any]:
        """A target at one of the providers."""
        return target(self.provider.url(name), name, kind, **fields)

    def targets(self, *names: str, kind: str = "openai", **fields: Any) -> dict[str, Any]:
        """Targets that bear their providers' names."""
        return {name: self.target(name, kind, **fields) for name in names}

    def write_secret(self, secret: str, value: str, key: str = "key") -> None:
        """Writes a credential as the kubelet mounts it."""
        folder = self._directory / "secrets" / secret
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / key, value)

    def start(self, plan: Plan, replicas: int = 1, *, store: bool = True, **settings: Any) -> Running:
        """Starts the engine with a plan; returns the first replica."""
        self._write(plan)
        for _ in range(replicas):
            self.add_replica(store=store, **settings)
        return self.replicas[0]

    def add_replica(self, *, store: bool = True, **settings: Any) -> Running:
        """One more replica with the same plan."""
        running = self._start(self._plan_file, redis_url=self.store.url if store else "", **settings)
        self.replicas.append(running)
        return running

    def start_tenant(self, namespace: str, plan: Plan) -> Running:
        """The gateway of a namespace that has credentials of its own; targets lead to it by `via`."""
        path = self._directory / f"plan-of-{namespace}.json"
        path.write_text(json.dumps(plan))
        running = self._start(path, redis_url="", tenant=namespace)
        self.tenants.append(running)
        return running

    def _start(self, plan: Path, **settings: Any) -> Running:
        self._started += 1
        token = self._directory / "tenant-token"
        token.write_text(self.issuer.gateway())
        return self.engine.start(
            Settings(
                plan=plan,
                secrets=self._directory / "secrets",
                jwks=self.issuer.write_jwks(self._directory / "jwks.json"),
                issuer=NAME,
                operator_token=self.issuer.reader(),
                tenant_token=token,
                log=self._directory / f"gateway-{self._started}.log",
                environment=self.provider.environment(),
                **settings,
            )
        )

    def replace_replica(self, number: int) -> None:
        """Kills a replica as a power cut does, and puts another one into its place."""
        self.replicas[number].kill()
        self.add_replica()
        self.replicas[number] = self.replicas.pop()

    def reload(self, plan: Plan) -> None:
        """Changes the plan and waits until it is in force on every replica."""
        before = [replica.in_force()[0] for replica in self.replicas]
        self._write(plan)
        changed = lambda: all(new.in_force()[0] != old for new, old in zip(self.replicas, before, strict=True))  # noqa: E731
        until(changed, "the new plan is not in force", RELOAD_SECONDS)

    def write_broken(self, text: str) -> list[str]:
        """Puts something into the plan's place that is none; returns what each replica says of it."""
        self._plan_file.write_text(text)
        until(lambda: all(replica.in_force()[1] for replica in self.replicas), "nobody reports the plan", RELOAD_SECONDS)
        return [replica.in_force()[1] for replica in self.replicas]

    def _write(self, plan: Plan) -> None:
        _replace(self._plan_file, json.dumps(plan, indent=1))

    def caller(
        self,
        agent: str = AGENT,
        run: str = "",
        *,
        token: str | None = None,
        replica: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> Caller:
        """A client with an agent's identity, and with a run id if one is given."""
        named = {"x-agentops-run-id": run} if run else {}
        identity = self.issuer.token(agent) if token is None else token
        return Caller(self.replicas[replica].url, identity, {**named, **(headers or {})}, self._connections)

    def behind_forwarder(self, key: str, agent: str = AGENT) -> Caller:
        """A client with a key of its own, whose calls pass the sidecar of its pod."""
        identity = self.issuer.token(agent)
        self._forwarders.append(
            Forwarder(self._directory, self._plan_file, agent, identity, self.replicas[0].url, self.provider.url("a"))
        )
        return Caller(self._forwarders[-1].url, key, {}, self._connections)

    def budget_use(self, name: str, agent: str = AGENT) -> dict[str, Any]:
        """How a budget of an agent stands."""
        found = self.replicas[-1].usage(agent)["budgets"]
        return next(entry for entry in found if entry["id"] == name)

    async def close(self) -> str:
        """Ends every replica; returns the ends of their logs."""
        await self._connections.close()
        for part in (*self._forwarders, *self.replicas, *self.tenants):
            part.kill()
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self._directory.glob("gateway-*.log")))


def _replace(file: Path, text: str) -> None:
    """By a rename, as what is mounted changes: nobody reads half of it."""
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(file)
