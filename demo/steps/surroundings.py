"""Prometheus beside the operator, and a namespace with a model provider."""

import json

from demo.install import NAMESPACE as HOME
from demo.steps.counters import counters
from demo.story import Story, remove
from demo.world import NAMESPACE, World

SCRAPED = {"operator", "relay"}
LABELS = {"agentops.dev/team": "payments", "pod-security.kubernetes.io/enforce": "restricted"}


def add_prometheus(world: World) -> None:
    """A Prometheus that scrapes operator and relay and reads the operator's alert rules."""
    world.apply("prometheus.yaml", HOME)
    world.kubectl("rollout", "status", "deployment/prometheus", "-n", HOME, "--timeout=120s")


def run(story: Story) -> None:
    """Makes the surroundings, and looks at the counters before anything is counted."""
    world = story.world
    remove(world)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": LABELS}}
    world.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(namespace))
    world.apply("provider.yaml")
    add_prometheus(world)
    world.until("Prometheus scrapes operator and relay", lambda: _up(world), both_answer)
    world.kubectl("rollout", "status", "deployment/provider", "-n", NAMESPACE, "--timeout=120s")
    story.report.proved(f"operator and relay run in {HOME}; Prometheus scrapes both")
    story.report.proved(f"namespace {NAMESPACE}: team payments, Pod Security `restricted`; the model provider answers")
    story.relay, story.counted_before = story.relay_pod(), counters(world)


def both_answer(seen: dict[str, bool]) -> bool:
    """Whether each of our targets answered; a target that was not asked yet is not in the list, which is no answer."""
    return all(seen.get(job, False) for job in SCRAPED)


def _up(world: World) -> dict[str, bool]:
    found = world.prometheus("query", query="up")["result"]
    return {series["metric"]["job"]: series["value"][1] == "1" for series in found}
