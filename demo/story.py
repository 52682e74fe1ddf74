"""The demo's steps, in their order, and what they hand on to each other."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from demo.install import NAMESPACE as HOME
from demo.report import NotTrueError, Report
from demo.world import NAMESPACE, World


@dataclass
class Story:
    """One run of the demo."""

    world: World
    report: Report
    keep: bool = field(default_factory=lambda: os.environ.get("DEMO_KEEP", "") not in ("", "0"))
    counted_before: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """Counters of the namespace before its agent started: an earlier run may have left some."""

    relay: str = ""
    """The relay's pod when the agent started: another one since then begins with an empty store."""

    def pod(self) -> dict[str, Any]:
        """The agent's only pod."""
        pods = self.world.get("pods", "-l", "app=support")["items"]
        running = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        if len(running) != 1:
            raise NotTrueError(f"the agent has {len(running)} pods instead of one")
        return dict(running[0])

    def relay_pod(self) -> str:
        """Uid of the relay's pod."""
        return str(self.world.get("pod", "agentops-relay-0", namespace=HOME)["metadata"]["uid"])

    def relay_was_replaced(self) -> bool:
        """Whether the relay lost what it had stored since the demo began."""
        return self.relay not in ("", self.relay_pod())

    def progress(self) -> dict[str, Any]:
        """How many tasks the agent did so far."""
        answer: dict[str, Any] = self.world.ask("support", "/progress")
        return answer

    def pause(self) -> dict[str, Any]:
        """Lets the agent end what it does and rest, so that numbers stand still; returns its progress."""
        self.world.ask("support", "/pause", method="POST")
        return self.world.until("the agent rests", self.progress, lambda seen: seen["idle"])

    def resume(self) -> None:
        """Lets the agent work again."""
        self.world.ask("support", "/resume", method="POST")


@dataclass(frozen=True)
class Step:
    """One step with its title."""

    title: str
    run: Callable[[Story], None]


def remove(world: World) -> None:
    """Removes what the demo made for itself; waits, so that the next run starts clean."""
    _remove_models(world)
    world.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")


def _remove_models(world: World) -> None:
    """Removes the platform policies of the gateway's step; a platform policy says first that it may be deleted."""
    for kind, ours in (("providerfallbacks", "/demo"), ("budgets", "/daily-")):
        known = world.kubectl("get", "crd", f"{kind}.agentops.dev", "--ignore-not-found", "-o", "name")
        found = world.kubectl("get", f"{kind}.agentops.dev", "-n", HOME, "-o", "name").split() if known else []
        for policy in (name for name in found if ours in name):
            world.kubectl("annotate", "--overwrite", policy, "-n", HOME, "agentops.dev/allow-delete=true")
            world.kubectl("delete", policy, "-n", HOME)
    world.kubectl("delete", "secret", "agentops-demo-models", "-n", HOME, "--ignore-not-found")
