"""The gateway: a provider dies, an agent loops, a budget runs out, and what all of it cost."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.gateway import Gateway
from demo.install import NAMESPACE as HOME
from demo.report import check
from demo.story import Story
from demo.world import MANIFESTS, NAMESPACE, World

CLERK = "clerk"
TARGET = f"{HOME}/demo/"
WHOSE = {"agent": "dev_agentops_agent", "team": "dev_agentops_team"}
OWN = {"agent": CLERK, "team": "payments"}
# Nothing is missing; the second when the gateway remembers calls of an earlier run of the demo.
READY = (("Unknown", "AwaitingFirstObservation"), ("True", "PlanInForce"), ("True", "Probed"))


@dataclass(frozen=True)
class Scene:
    """The agent and what it is asked, under names of this run of the demo: what is counted in the store outlives it."""

    story: Story
    mark: str
    budget: str

    def ask(self, run: str) -> dict[str, Any]:
        """One call of the agent."""
        body = {"model": "smart", "run": f"{self.mark}-{run}"}
        answer: dict[str, Any] = self.story.world.ask(CLERK, "/", method="POST", body=body)
        return answer


def run(story: Story) -> None:
    """Declares models, limits and a budget, starts an agent, and lets everything go wrong."""
    world, report = story.world, story.report
    mark = str(world.get("namespace", NAMESPACE)["metadata"]["uid"])[:8]
    scene = Scene(story, mark, f"daily-{mark}")
    _start(world, scene.budget)
    before = _costs(world)
    report.say("An agent with OpenAI's SDK asks for the model `smart`. It has no base URL and no key; its own retries are off.")
    _provider_dies(scene)
    _loop(scene)
    _budget(scene)
    _cost(scene, before)
    policies = (("providerfallbacks", "demo"), ("budgets", scene.budget))
    rows = [(f"{kind}/{name}", "Enforced", *_in_force(world, kind, name)) for kind, name in policies]
    report.table(("object", "condition", "status", "reason"), rows)
    report.proved("every replica of the gateway runs what was declared, and calls of the agent were seen there")


def _provider_dies(scene: Scene) -> None:
    report = scene.story.report
    first = [scene.ask(f"order-{number}") for number in range(3)]
    check({one.get("target") for one in first} == {TARGET + "a"}, f"not answered by provider a: {first}")
    report.proved("three calls: provider A answers")
    dead = {"provider": "a", "reset": True, "times": 0}
    scene.story.world.tell("provider", "/control/faults", dead)
    after = [scene.ask(f"order-{number}") for number in range(3, 6)]
    check({one.get("target") for one in after} == {TARGET + "b"}, f"not answered by provider b: {after}")
    report.proved("provider A dies (it resets each connection); three more calls: B answers, and the agent saw no error")


def _start(world: World, budget: str) -> None:
    """Policies first; the agent once the index and both replicas of the gateway know of it."""
    text = (MANIFESTS / "gateway-platform.yaml").read_text().replace("name: daily", f"name: {budget}")
    world.kubectl("apply", "--server-side", "--force-conflicts", "-n", HOME, "-f", "-", stdin=text)
    world.apply("gateway.yaml")
    world.until("the clerk's way leads through the gateway", lambda: _entry(world), lambda entry: entry.get("gateway"))
    programmed = ("budgets", budget, "Programmed")
    world.until("the plan is in force", lambda: _said(world, *programmed), lambda said: said[0] == "True")
    world.apply("clerk.yaml")
    world.kubectl("rollout", "status", f"deployment/{CLERK}", "-n", NAMESPACE, "--timeout=180s")
    world.until("the providers' key", lambda: _said(world, "providerfallbacks", "demo"), lambda said: said in READY)


def _loop(scene: Scene) -> None:
    world, report = scene.story.world, scene.story.report
    calls = [scene.ask("loop") for _ in range(4)]
    check([one["status"] for one in calls] == [200, 200, 200, 409], f"the loop was not held at three calls: {calls}")
    check(calls[3]["code"] == "run_held", f"the loop was stopped for another reason: {calls[3]}")
    report.proved(f"an agent in a loop: three calls of its run, at the fourth it is held ({_error(calls[3])})")
    run = f"{scene.mark}-loop"
    held = world.until("the held run has a record", lambda: _hold(world, run), lambda found: found.get("status", {}).get("state"))
    status = held["status"]
    report.table(
        ("runhold", "agent", "run", "state", "reason", "used", "limit", "USD"),
        [(held["metadata"]["name"], CLERK, run, *(status[name] for name in ("state", "reason", "used", "limit", "cost")))],
    )
    report.proved("`kubectl get runholds` shows who waits, why, and what it cost so far")
    _resume(scene, run)
    goes_on = scene.ask("loop")
    check(goes_on["status"] == 200, f"the run does not go on: {goes_on}")
    report.proved(f"`agentops run resume {run} --steps 1`: the run goes on with its fourth call")


def _hold(world: World, run: str) -> dict[str, Any]:
    items = world.get("runholds.agentops.dev")["items"]
    return next((item for item in items if item["spec"]["run"] == run), {})


def _resume(scene: Scene, run: str) -> None:
    """The command line of this tree, as a person would call it; it returns when the gateway took the decision."""
    program = Path(sys.executable).with_name("agentops")
    command = [program, "run", "resume", run, "--steps", "1", "--note", "seen in the demo", "-n", NAMESPACE]
    kubeconfig = ("--kubeconfig", scene.story.world.cluster.kubeconfig)
    done = subprocess.run([*command, *kubeconfig], capture_output=True, text=True, check=False, timeout=60)
    check(done.returncode == 0, f"the run was not resumed: {done.stdout}{done.stderr}")


def _budget(scene: Scene) -> None:
    report = scene.story.report
    calls = [scene.ask(f"late-{number}") for number in range(4)]
    check([one.get("model") for one in calls[:3]] == ["gpt-4o-mini"] * 3, f"the budget did not step down: {calls}")
    check(calls[3]["code"] == "budget_exhausted", f"the budget did not block: {calls}")
    report.proved("ten of thirteen calls of today's budget are used: `smart` is answered by the cheaper gpt-4o-mini")
    report.proved(f"all thirteen are used: the next one is refused ({_error(calls[3])})")


def _costs(world: World) -> dict[str, float]:
    """Micro-USD that the gateway counted for the agent, and for its team."""
    gateway = Gateway(world.kubectl)
    return {name: 1e6 * gateway.cost({"k8s_namespace_name": NAMESPACE, label: OWN[name]}) for name, label in WHOSE.items()}


def _cost(scene: Scene, before: dict[str, float]) -> None:
    """The same sum from three sides, and from the providers."""
    world, report = scene.story.world, scene.story.report
    lines = [line for line in world.ask("provider", "/bill")["lines"] if line["provider"] in ("a", "b")]
    billed, calls = sum(line["microUsd"] for line in lines), sum(line["calls"] for line in lines)
    runs = [run for run in Gateway(world.kubectl).runs(f"{NAMESPACE}/{CLERK}") if run["id"].startswith(scene.mark)]
    counted = {name: value - before[name] for name, value in _costs(world).items()}
    counted["run"] = sum(run["microUSD"]["used"] for run in runs)
    # Each call is rounded to a millionth of a dollar.
    check(all(abs(value - billed) <= calls for value in counted.values()), f"counted {counted}, billed {billed} micro-USD")
    report.table(
        ("provider", "model", "calls", "USD"),
        [(line["provider"], line["model"], line["calls"], f"{line['usd']:.6f}") for line in lines],
    )
    told = ", ".join(f"by {name} {value / 1e6:.6f}" for name, value in counted.items())
    report.proved(f"the providers bill {billed / 1e6:.6f} USD; the gateway counted {told} ({len(runs)} runs)")


def _error(answer: dict[str, Any]) -> str:
    return f"{answer['error']}, status {answer['status']}, code {answer['code']}"


def _entry(world: World) -> dict[str, Any]:
    items = world.get("injectionindexes.agentops.dev")["items"]
    return next((dict(entry) for item in items for entry in item.get("agents", {}).get(f"Deployment/{CLERK}", [])), {})


def _said(world: World, kind: str, name: str, condition: str = "Enforced") -> tuple[str, str]:
    """Status and reason of a condition of a platform policy."""
    entries = world.get(f"{kind}.agentops.dev", name, namespace=HOME).get("status", {}).get("conditions", [])
    return next(((entry["status"], entry["reason"]) for entry in entries if entry["type"] == condition), ("", ""))


def _in_force(world: World, kind: str, name: str) -> tuple[str, str]:
    return world.until(f"{kind}/{name}", lambda: _said(world, kind, name), lambda said: said[0] == "True")
