"""A stricter rule reaches the running pod: no restart, no lost span."""

import json
import re
from collections import Counter
from typing import Any

from demo.report import check
from demo.spans import Span
from demo.story import Story
from demo.world import World

ORDER = re.compile(r"ORD-[0-9]{8}")
TASKS_AFTER = 3
SPANS_PER_TASK = 12
POLICY = ("maskingpolicies.agentops.dev", "default")
PLACEHOLDER = "[ORDER_NUMBER]"


def run(story: Story) -> None:
    """Changes the masking policy under the working agent, and counts everything afterwards."""
    world, report = story.world, story.report
    pod = story.pod()
    uid = pod["metadata"]["uid"]
    before = world.observed_pod(uid)["rulesDigest"]
    text, _ = world.stored(uid)
    check(ORDER.search(text), "order numbers should be readable before the change, or their absence proves nothing")
    report.say(f"before: rules {_short(before)}; order numbers such as {_found(text)} are readable: no rule forbids it")
    world.apply("stricter.yaml")
    wanted = world.until("the operator writes new rules", lambda: _written(world), lambda digest: digest != before)
    now = world.until(
        "the sidecar reports the new rules", lambda: world.observed_pod(uid), lambda seen: seen.get("rulesDigest") == wanted
    )
    check(now["leaked"] == [], f"canaries came out unmasked: {now['leaked']}")
    report.proved(f"after:  rules {_short(wanted)}, reported by the running sidecar; its canaries came out masked")
    policy = world.until("the policy's new version is in force", lambda: world.get(*POLICY), _in_force)
    report.proved(f"MaskingPolicy, version {policy['metadata']['generation']}: Enforced says so too")
    _work_on(story, uid)
    _nothing_lost(story, uid)
    _no_restart(story, pod)


def _in_force(policy: dict[str, Any]) -> bool:
    """Whether the condition is True for the newest version; one for an older version proves nothing."""
    said = {entry["type"]: entry for entry in policy["status"]["conditions"]}["Enforced"]
    return bool(said["status"] == "True" and said["observedGeneration"] == policy["metadata"]["generation"])


def _work_on(story: Story, uid: str) -> None:
    """A few tasks that begin under the new rules."""
    first = story.progress()["started"] + 1
    story.world.until("tasks under the new rules", story.progress, lambda seen: seen["finished"] >= first + TASKS_AFTER)
    done = story.pause()["finished"]
    story.world.until("every task is stored", lambda: _missing(story, uid, done), lambda missing: not missing)
    _, stored = story.world.stored(uid)
    traces = {span.trace for number, span in _tasks(stored).items() if number >= first}
    later = str([span for span in stored if span.trace in traces])
    check(not ORDER.search(later), "an order number left the pod after the change")
    check(PLACEHOLDER in later, f"{PLACEHOLDER} is not stored")
    story.report.proved(f"{len(traces)} tasks since: not one order number is readable, {PLACEHOLDER} stands in its place")


def _missing(story: Story, uid: str, done: int) -> list[int]:
    """Numbers of tasks that are not stored, or not with all their spans."""
    _, stored = story.world.stored(uid)
    spans, tasks = Counter(span.trace for span in stored), _tasks(stored)
    return [number for number in range(1, done + 1) if number not in tasks or spans[tasks[number].trace] != SPANS_PER_TASK]


def _nothing_lost(story: Story, uid: str) -> None:
    done = story.progress()
    _, stored = story.world.stored(uid)
    made, numbers = done["finished"] * SPANS_PER_TASK, len(_tasks(stored))
    check(done["failed"] == 0, f"tasks of the agent failed: {done}")
    check(
        (numbers, len(stored)) == (done["finished"], made), f"{done} tasks, {numbers} stored; {made} spans, {len(stored)} stored"
    )
    story.report.proved(f"tasks done: {done['finished']}, stored: {numbers}; spans made: {made}, stored: {len(stored)}; lost: 0")
    story.resume()


def _no_restart(story: Story, pod: dict[str, Any]) -> None:
    now = story.pod()
    check(now["metadata"]["uid"] == pod["metadata"]["uid"], "the pod was replaced")
    restarts = _restarts(now)
    check(restarts == _restarts(pod) and not any(restarts.values()), f"containers were restarted: {restarts}")
    story.report.proved(f"the same pod still runs; restarts: {', '.join(f'{name} {count}' for name, count in restarts.items())}")


def _restarts(pod: dict[str, Any]) -> dict[str, int]:
    status = pod["status"]
    return {entry["name"]: entry["restartCount"] for entry in (*status["initContainerStatuses"], *status["containerStatuses"])}


def _written(world: World) -> str:
    """Digest of the rules that the operator wrote for the agent."""
    maps = world.get("configmaps")["items"]
    files = [item["data"]["rules.v1.json"] for item in maps if "rules.v1.json" in item.get("data", {})]
    return str(json.loads(files[0])["digest"])


def _tasks(stored: list[Span]) -> dict[int, Span]:
    """Root spans by the number of their task."""
    return {span.attributes["task.number"]: span for span in stored if "task.number" in span.attributes}


def _found(text: str) -> str:
    match = ORDER.search(text)
    return match.group() if match else ""


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
