"""Mistakes that need other objects to be judged: told in conditions, in the words of docs/bad-input.md."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.docs.bad_input import alike, rows
from tests.runtime.bodies import agent_body, body
from tests.runtime.test_gateway import SETTINGS, budget, fallback, runs
from tests.runtime.world import HOME, World

TOLD = rows("Told in a condition")
CHEAPER = {"alias": "chat", "use": "small", "fallback": "nobody"}
STEPS = [{"atPercent": 50, "action": "CheaperModel", "models": [CHEAPER]}]
CASES: dict[str, tuple[tuple[str, str, str], list[dict[str, Any]]]] = {
    "missing Secret": (("ProviderFallback", "chat", HOME), [fallback()]),
    "time zone that there is not": (
        ("Budget", "daily", "shop"),
        [body("Budget", "daily", "shop", spec={"limit": "1", "window": {"kind": "Day", "timeZone": "Mars/Base"}})],
    ),
    "backend whose endpoint is no URL": (
        ("TracePolicy", "traces", "shop"),
        [body("TracePolicy", "traces", "shop", spec={"backends": [{"name": "own", "endpoint": "https://[otlp"}]})],
    ),
    "two policies with one alias": (
        ("ProviderFallback", "young", HOME),
        [fallback("old", created="2026-01-01T00:00:00Z"), fallback("young", created="2026-02-01T00:00:00Z")],
    ),
    "step to a model that there is not": (
        ("Budget", "daily", "shop"),
        [fallback(), body("Budget", "daily", "shop", spec={"limit": "1", "ladder": STEPS})],
    ),
    "no model at all": (("Budget", "daily", "shop"), [budget()]),
    "no gateway": (("Budget", "daily", "shop"), [fallback(), budget()]),
}


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """An operator with a gateway, but where the case says that there is none."""
    made = World(compile_settings=None if request.node.callspec.params["name"] == "no gateway" else SETTINGS)
    yield made
    await made.stop()


@pytest.mark.parametrize("name", CASES)
async def test_mistake_is_told_as_the_page_says(world: World, name: str) -> None:
    """Condition, reason and message are those of the page."""
    (kind, policy, namespace), objects = CASES[name]
    world.show(agent_body(), *objects)
    await world.run()
    if world.settings.gateway.enabled:
        runs(world, "one", missing=(f"{HOME}/chat/a",) if name == "missing Secret" else ())
        world.gateway.called = {"shop/billing"}
        await world.run(60)
    condition, message = TOLD[name]
    want, reason = condition.split(", ")
    type_, status = want.split("=")
    said = next(entry for entry in world.status(kind, policy, namespace)["conditions"] if entry["type"] == type_)
    assert (said["status"], said["reason"]) == (status, reason)
    assert alike(f"…{message}", said["message"]), said["message"]  # the Agents come first


def test_every_row_was_tried() -> None:
    """A row that nobody tries would go stale."""
    assert TOLD.keys() == CASES.keys()
