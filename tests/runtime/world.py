"""An operator in a world of fakes: what is put into the cluster is shown to the operator, as a watch would."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agentops_operator.agent.facts import Input, Settings
from agentops_operator.agent.holds.decision import Delivery
from agentops_operator.agent.holds.waiting import RunNow
from agentops_operator.agent.plan import Plan
from agentops_operator.kube.digest import digest
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.objects import Ref
from agentops_operator.runtime.process import Operator, Outside
from agentops_operator.runtime.settings import RuntimeSettings
from tests.runtime.bodies import body
from tests.runtime.fakes import FakeClock, FakeCluster

HOME = "agentops-system"


class FakeRelay:
    """A relay that answers what a test wrote down, or not at all."""

    def __init__(self) -> None:
        self.answers: dict[str, Mapping[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.greeting = True

    async def addresses(self) -> tuple[str, ...]:
        """Those that have an answer."""
        if not self.answers:
            raise OSError("no such name")
        return tuple(self.answers)

    async def observations(self, address: str, since: str) -> Mapping[str, Any]:
        """The answer that was written down."""
        self.asked.append((address, since))
        return self.answers[address]

    async def greets(self, _address: str) -> bool:
        """Whether the canary greets."""
        return self.greeting


def probed(plan: Mapping[str, Any], result: str = "Observed") -> dict[str, Any]:
    """What a replica says of the limits of a plan, when all of them were probed with this result."""
    kinds = {
        "agents": "agents.*.execution.run.steps",
        "budgets": "budgets.*.limit",
        "routes": "routes.*.targets",
        "guardrails": "agents.*.guardrails.input[]",
    }
    subjects = {part: {name: [f"{part}/{name}/{digest(plan[part][name])}"] for name in plan[part]} for part in kinds}
    ids = [(part, check) for part in kinds for found in subjects[part].values() for check in found]
    checks = {check: {"limit": kinds[part], "result": result, "said": "seen"} for part, check in ids}
    return {"plan": plan["digest"], "checks": checks, **subjects}


class FakeGateway:
    """A gateway whose replicas run what a test says, and that has seen the callers that a test names."""

    def __init__(self) -> None:
        self.states: dict[str, Mapping[str, Any]] = {}
        self.called: set[str] = set()
        self.usages: dict[str, Mapping[str, Any]] = {}
        self.asked = 0

    async def addresses(self) -> tuple[str, ...]:
        """Those that have a state."""
        if not self.states:
            raise OSError("no such name")
        return tuple(self.states)

    async def state(self, address: str) -> Mapping[str, Any]:
        """The state that was written down."""
        return self.states[address]

    async def callers(self, address: str) -> frozenset[str]:
        """The callers that were written down."""
        return frozenset(self.called)

    async def usage(self, address: str, agent: str) -> Mapping[str, Any]:
        """The usage that was written down."""
        self.asked += 1
        return self.usages[agent]


class FakeHolds:
    """What a gateway says of held runs and takes of decisions, as a test wrote it down."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.runs: dict[str, RunNow] = {}
        self.decisions: list[dict[str, Any]] = []
        self.answers: list[Delivery] = []
        self.away = False
        self.broken = ""  # a replica that does not answer
        self.asked = 0

    async def addresses(self) -> tuple[str, ...]:
        """One replica, unless it is away, and one that does not answer, if there is."""
        if self.away:
            raise OSError("no such name")
        return tuple(address for address in (self.broken, "10.0.0.1") if address)

    async def holds(self, address: str, cursor: str) -> Mapping[str, Any]:
        """Three holds a page."""
        self.asked += 1
        if address == self.broken:
            raise TimeoutError
        start = int(cursor or 0)
        end = start + 3
        return {"holds": self.waiting[start:end], "next": str(end) if end < len(self.waiting) else ""}

    async def run(self, address: str, agent: str, run: str) -> RunNow | None:
        """The run that was written down."""
        return self.runs.get(f"{agent} {run}")

    async def decide(self, address: str, body: Mapping[str, Any]) -> Delivery:
        """The next answer that was written down; the last one stays."""
        self.decisions.append(dict(body))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class FakeTenantGateways:
    """Gateways in namespaces of tenants, whose replicas run what a test says."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Mapping[str, Any]]] = {}
        self.asked: list[str] = []

    async def states(self, namespace: str) -> list[Mapping[str, Any]]:
        """The states that were written down."""
        self.asked.append(namespace)
        if namespace not in self.answers:
            raise OSError("no such name")
        return self.answers[namespace]


class World:
    """One process of the operator, and the cluster that outlives it."""

    def __init__(
        self,
        cluster: FakeCluster | None = None,
        clock: FakeClock | None = None,
        compile_settings: Settings | None = None,
        receiver: str = "",
        holds: FakeHolds | None = None,
        namespaces: tuple[str, ...] = (),
        link: str = "",
    ) -> None:
        self.cluster = cluster or FakeCluster()
        self.clock = clock or FakeClock()
        self.metrics = Metrics()
        self.relay = FakeRelay()
        self.gateway = FakeGateway()
        self.tenants = FakeTenantGateways()
        self.holds = holds or FakeHolds()
        self.receiver, self.link = receiver, link
        self.settings = compile_settings or Settings(operator_namespace=HOME)
        settings = RuntimeSettings(compile=self.settings, workers=4, receiver=receiver, namespaces=namespaces, link=link)
        outside = Outside(
            self.cluster, self.relay, self.clock, self.metrics, gateway=self.gateway, holds=self.holds, tenants=self.tenants
        )
        self.operator = Operator(settings, outside)
        self.cluster.calls.clear()
        self._starting: asyncio.Task[None] | None = None

    def compile_with(self, compile_agent: Callable[[Input], Plan]) -> None:
        """Puts another compile in place of the real one."""
        self.operator._reconciler._compile = compile_agent

    def show(self, *bodies: dict[str, Any]) -> None:
        """Objects appear in the cluster and in the watch."""
        for obj in bodies:
            self.operator.intake.seen(obj["kind"], self.cluster.put(obj))

    def remove(self, obj: dict[str, Any]) -> None:
        """An object is deleted."""
        metadata = obj["metadata"]
        self.cluster.objects.pop(Ref(obj["apiVersion"], obj["kind"], metadata["namespace"], metadata["name"]), None)
        self.operator.intake.gone(obj["kind"], obj)

    def echo(self) -> None:
        """The watch shows everything that is in the cluster once more, as it does after a relist."""
        for obj in list(self.cluster.objects.values()):
            self.operator.intake.seen(obj["kind"], obj)

    async def run(self, seconds: float = 10.0) -> None:
        """Opens the operator if it is not, and lets it work."""
        self.start()
        await self.clock.advance(seconds)

    def start(self) -> None:
        """Starts the operator if it is not."""
        self._starting = self._starting or asyncio.create_task(self.operator.start())

    async def restart(self) -> "World":
        """The same cluster with a new process."""
        await self.stop()
        world = World(self.cluster, self.clock, self.settings, self.receiver, self.holds, link=self.link)
        world.gateway, world.tenants = self.gateway, self.tenants
        world.operator._outside = replace(world.operator._outside, gateway=self.gateway, tenants=self.tenants)
        world.echo()
        world.cluster.calls.clear()
        return world

    async def stop(self) -> None:
        """Ends the process."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self.operator.close()

    def status(self, kind: str, name: str, namespace: str = "shop") -> dict[str, Any]:
        """Status of an object as it stands in the cluster."""
        found = self.cluster.objects[Ref(body(kind, name)["apiVersion"], kind, namespace, name)]
        status: dict[str, Any] = found.get("status", {})
        return status

    def condition(self, kind: str, name: str, type_: str, namespace: str = "shop") -> tuple[str, str]:
        """Status and reason of a condition."""
        entries = self.status(kind, name, namespace).get("conditions", [])
        return next(((entry["status"], entry["reason"]) for entry in entries if entry["type"] == type_), ("", ""))

    def index(self, namespace: str = "shop") -> dict[str, Any]:
        """Entries of the injection index."""
        found = self.cluster.objects.get(Ref(body("", "")["apiVersion"], "InjectionIndex", namespace, "injection"), {})
        entries: dict[str, Any] = found.get("agents", {})
        return entries
