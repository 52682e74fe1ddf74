"""What is declared, what runs, and what was observed: three different things."""

from typing import Any

from demo.report import shorten
from demo.story import Story
from demo.world import World

TYPES = ("Accepted", "Programmed", "Enforced")
OBSERVED = (
    ("maskingpolicies", "default", "True/Enforced"),
    ("tracepolicies", "default", "True/Enforced"),
    # These wait for the first evaluation, and are right to say so.
    ("evalpolicies", "nightly", "Unknown/AwaitingFirstObservation"),
    ("agents", "support", "Unknown/AwaitingFirstObservation"),
)
"""Kind, name, and what `Enforced` has to say."""


def run(story: Story) -> None:
    """Waits until everything is programmed and `Enforced` says what is true."""
    rows: list[tuple[str, ...]] = []
    for kind, name, enforced in OBSERVED:
        rows += _rows(f"{kind}/{name}", _wait(story.world, kind, name, enforced))
    story.report.table(("object", "condition", "status", "reason", "evidence"), rows)
    story.report.proved("masking and tracing are observed to be in force, by the report of the sidecar in the pod")
    story.report.proved(
        "the evaluation is programmed and did not run yet: it says so, and with it the agent. Nothing is green on credit"
    )


def _wait(world: World, kind: str, name: str, enforced: str) -> dict[str, dict[str, Any]]:
    def holds(seen: dict[str, dict[str, Any]]) -> bool:
        green = all(seen.get(entry, {}).get("status") == "True" for entry in ("Accepted", "Programmed"))
        said = seen.get("Enforced", {})
        return green and f"{said.get('status')}/{said.get('reason')}" == enforced

    return world.until(f"{kind}/{name} is programmed, Enforced={enforced}", lambda: world.conditions(kind, name), holds)


def _rows(name: str, conditions: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    shown = [conditions[entry] for entry in (*TYPES, "Covered") if entry in conditions]
    return [
        (name if not place else "", entry["type"], entry["status"], entry["reason"], shorten(entry["message"]))
        for place, entry in enumerate(shown)
    ]
