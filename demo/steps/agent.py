"""An agent of somebody else starts, and its pod is given a sidecar."""

import json
from typing import Any

from demo.admission import admits
from demo.install import NAMESPACE as HOME
from demo.report import check
from demo.story import Story
from demo.world import AGENT, NAMESPACE, World

FIRST_TASKS = 4
SIDECAR = "agentops-collector"


def run(story: Story) -> None:
    """Applies the policies, then the agent, and lets it work."""
    world, report = story.world, story.report
    world.apply("policies.yaml")
    key = f"Deployment/{AGENT}"
    index = world.until("the agent stands in the injection index", lambda: _index(world), lambda index: key in index)
    world.until("admission knows of it", lambda: admits(world.kubectl, NAMESPACE, key, index[key][0]), bool)
    # The kubelet brings the relay its table of Agents; what came before it would be counted for no team.
    world.until("the relay knows the agent's team", lambda: _unknown_to_relay(world), lambda unknown: not unknown)
    world.apply("agent.yaml")
    world.kubectl("rollout", "status", f"deployment/{AGENT}", "-n", NAMESPACE, "--timeout=180s")
    pod = story.pod()
    report.say("It is built on pydantic-ai from PyPI with that framework's own OpenTelemetry instrumentation. Its manifest names")
    report.say("no telemetry address and no sidecar; prompts, tool arguments and tool results hold made-up secrets.")
    _show_injection(story, pod)
    done = world.until("the agent does tasks", story.progress, lambda seen: seen["finished"] >= FIRST_TASKS)
    check(done["failed"] == 0, f"tasks of the agent failed: {done}")
    report.proved(f"the agent works: {done['finished']} tasks, each 5 chat calls, 1 embedding, 3 tool calls; none failed")


def _index(world: World) -> dict[str, Any]:
    items = world.get("injectionindexes.agentops.dev")["items"]
    return {key: entries for item in items for key, entries in item.get("agents", {}).items()}


def _unknown_to_relay(world: World) -> str:
    """What keeps the relay from charging the agent's team; empty when nothing does."""
    table = json.loads(world.get("configmap", "agentops-relay", namespace=HOME)["data"]["agents.json"])
    if f"{NAMESPACE}/{AGENT}" not in table["agents"]:
        return "the operator has not written it"
    loaded = world.observations()["relay"]["agentsDigest"]
    return "" if loaded == table["digest"] else f"the relay has {loaded}, written is {table['digest']}"


def _show_injection(story: Story, pod: dict[str, Any]) -> None:
    first = pod["spec"]["initContainers"][0]
    check(first["name"] == SIDECAR, f"the first init container is {first['name']}")
    given = {entry["name"]: entry.get("value", "") for entry in pod["spec"]["containers"][0]["env"]}
    endpoint = given.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    check(endpoint == "http://127.0.0.1:4318", f"the agent sends to {endpoint}")
    story.report.proved(f"its pod runs with the sidecar {SIDECAR}, and sends to {endpoint}, inside the pod")
