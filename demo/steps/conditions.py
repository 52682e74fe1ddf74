"""What is declared, what runs, and what was observed: three different things."""

from typing import Any

from demo.report import check, shorten
from demo.story import Story

IN_FORCE = (("agents", "support"), ("maskingpolicies", "default"), ("tracepolicies", "default"))
TYPES = ("Accepted", "Programmed", "Enforced")


def run(story: Story) -> None:
    """Waits until agent and policies are in force, and shows that the evaluation is not yet."""
    world, report = story.world, story.report
    rows = []
    for kind, name in IN_FORCE:
        found = world.until(
            f"{kind}/{name} is in force",
            lambda kind=kind, name=name: world.conditions(kind, name),  # type: ignore[misc]
            lambda seen: all(seen.get(entry, {}).get("status") == "True" for entry in TYPES),
        )
        rows += _rows(f"{kind}/{name}", found)
    waiting = world.conditions("evalpolicies", "nightly")
    rows += _rows("evalpolicies/nightly", waiting)
    report.table(("object", "condition", "status", "reason", "evidence"), rows)
    report.proved("agent, masking and tracing are observed to be in force")
    enforced = waiting["Enforced"]
    check(enforced["status"] == "Unknown", f"an evaluation that did not run yet is said to be {enforced}")
    report.proved("the evaluation is accepted and programmed, and says honestly that nothing was observed yet")


def _rows(name: str, conditions: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    shown = [conditions[entry] for entry in (*TYPES, "Covered") if entry in conditions]
    return [
        (name if not place else "", entry["type"], entry["status"], entry["reason"], shorten(entry["message"], 70))
        for place, entry in enumerate(shown)
    ]
