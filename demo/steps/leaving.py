"""The same span twice: as the agent made it, and as it was stored outside its pod."""

from collections.abc import Mapping
from typing import Any

from demo.agent.planted import SECRETS
from demo.report import check, shorten
from demo.spans import Span
from demo.story import Story

SHOWN = (
    ("execute_tool book_refund", "gen_ai.tool.call.arguments"),
    ("execute_tool find_customer", "gen_ai.tool.call.result"),
    ("chat gpt-4o", "gen_ai.system_instructions"),
    ("chat gpt-4o", "gen_ai.input.messages"),
)
UNCHANGED = ("gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.tool.name")


def run(story: Story) -> None:
    """Compares one task span by span, then looks for the secrets in everything that was stored."""
    world, report = story.world, story.report
    uid = story.pod()["metadata"]["uid"]
    number = story.progress()["finished"]
    made = world.ask("support", f"/tasks/{number}/spans")
    trace = made[0]["context"]["trace_id"].removeprefix("0x")
    text, stored = world.until(
        f"the {len(made)} spans of task {number} are stored",
        lambda: world.stored(uid),
        lambda seen: sum(span.trace == trace for span in seen[1]) == len(made),
    )
    own = {span.identity: span for span in stored if span.trace == trace}
    report.proved(f"task {number} made {len(made)} spans, and {len(own)} are stored")
    for name, key in SHOWN:
        _show(story, next(span for span in made if span["name"] == name), own, key)
    _compare(made, own)
    report.proved("model names, tool names and token counts are untouched")
    _look_for_secrets(story, str(made), text)
    _show_identity(story, next(iter(own.values())))


def _identity(span: Mapping[str, Any]) -> str:
    return str(span["context"]["span_id"]).removeprefix("0x")


def _show(story: Story, made: Mapping[str, Any], own: Mapping[str, Span], key: str) -> None:
    story.report.say(f"{made['name']}, {key}")
    story.report.say(f"     made:   {shorten(str(made['attributes'][key]))}")
    story.report.say(f"     stored: {shorten(str(own[_identity(made)].attributes.get(key)))}")


def _compare(made: list[dict[str, Any]], own: Mapping[str, Span]) -> None:
    for span in made:
        kept = own[_identity(span)]
        for key in UNCHANGED:
            before, after = span["attributes"].get(key), kept.attributes.get(key)
            check(before == after, f"{span['name']}: {key} was {before} and is stored as {after}")


def _look_for_secrets(story: Story, made: str, stored: str) -> None:
    for name, secret in SECRETS.items():
        check(secret in made, f"the agent's spans should hold the {name}, or its absence proves nothing")
        check(secret not in stored, f"the {name} left the pod unmasked")
    batches = len(stored.splitlines())
    story.report.proved(
        f"{', '.join(SECRETS)}: in the spans that the agent made, in none of the {batches} batches that left the pod"
    )


def _show_identity(story: Story, span: Span) -> None:
    said = {key: span.resource.get(key) for key in ("k8s.namespace.name", "dev.agentops.agent", "dev.agentops.team")}
    check(said["dev.agentops.team"] == "payments", f"stamped is {said}")
    story.report.proved(
        f"who sent it was stamped from the pod's token: {', '.join(f'{key}={value}' for key, value in said.items())}"
    )
