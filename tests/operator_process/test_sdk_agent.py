"""An agent with OpenAI's SDK through sidecar, gateway and store: a provider dies, a run loops, a budget ends, parts go away."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from conformance.plans import zone_at_noon
from demo.gateway import cost_in, fetch
from tests.operator_process.control_plane import ControlPlane
from tests.operator_process.gateway_process import GatewayProcess
from tests.operator_process.process import HOME, OperatorProcess
from tests.operator_process.sdk_agent import SdkAgent
from tests.operator_process.test_gateway import CREDENTIAL, GROUP, apply, condition
from tests.operator_process.test_process import agent, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
Start = Callable[..., OperatorProcess]
PRICES = {"gpt-4o": {"input": "2.5", "output": "10"}, "gpt-4o-mini": {"input": "0.15", "output": "0.6"}}
LADDER = [
    {"atPercent": 75, "action": "CheaperModel", "models": [{"alias": "smart", "use": "small", "fallback": "chat"}]},
    {"atPercent": 100, "action": "Block"},
]


def target(port: int, name: str, provider: str, model: str) -> dict[str, Any]:
    """A model of one of the providers."""
    endpoint = f"http://127.0.0.1:{port}/{provider}"
    common = {"provider": "openai-compatible", "credential": CREDENTIAL, "price": PRICES[model]}
    return {"name": name, "endpoint": endpoint, "model": model, **common}


def declare(plane: ControlPlane, port: int) -> None:
    """Two providers, runs of three steps, and twelve calls a day, of which the last three go to a cheaper model."""
    targets = [target(port, "a", "a", "gpt-4o"), target(port, "b", "b", "gpt-4o"), target(port, "c", "b", "gpt-4o-mini")]
    aliases = [{"name": "smart", "targets": [{"name": "a"}, {"name": "b"}]}, {"name": "small", "targets": [{"name": "c"}]}]
    spec = {"namespaceSelector": {}, "targets": targets, "aliases": aliases}
    apply(plane, "ProviderFallback", "providerfallbacks", "chat", HOME, spec)
    limited = agent("billing")
    limited["spec"]["execution"] = {"run": {"steps": {"max": 3}}}
    plane.apply(f"{GROUP}/rt-a/agents/billing", limited)
    apply(
        plane,
        "Budget",
        "budgets",
        "daily",
        "rt-a",
        {"unit": "Requests", "limit": "12", "window": {"kind": "Day", "timeZone": zone_at_noon()}, "ladder": LADDER},
    )


def test_agent_with_an_sdk_is_governed_from_end_to_end(
    control_plane: ControlPlane, start: Start, gateway: GatewayProcess
) -> None:
    """Provider a dies unnoticed, a loop stops, the budget steps down and blocks, and all three sums are the provider's bill."""
    start(**gateway.operator_settings())
    declare(control_plane, gateway.ports["provider"])
    sdk = SdkAgent(gateway)
    sdk.start()
    until("programmed", lambda: condition(control_plane, "budgets", "daily", "rt-a", "Programmed") == ("True", "Programmed"))
    until("the agent", sdk.answers)
    assert {sdk.ask(f"order-{number}").get("target") for number in range(3)} == {f"{HOME}/chat/a"}
    control(gateway, "/control/faults", {"provider": "a", "reset": True, "times": 0})
    after = [sdk.ask(f"order-{number}") for number in range(3, 6)]
    assert {(one["status"], one.get("target")) for one in after} == {(200, f"{HOME}/chat/b")}, after
    loop = [sdk.ask("loop") for _ in range(4)]
    assert [one["status"] for one in loop] == [200, 200, 200, 403], loop
    assert (loop[3]["error"], loop[3]["type"], loop[3]["code"]) == ("PermissionDeniedError", "agentops_policy", "run_steps")
    late = [sdk.ask(f"late-{number}") for number in range(4)]
    assert [one.get("model") for one in late[:3]] == ["gpt-4o-mini"] * 3, late
    assert (late[3]["error"], late[3]["code"]) == ("RateLimitError", "budget_exhausted")
    bill = json.loads(fetch(f"http://127.0.0.1:{gateway.ports['provider']}/bill"))
    calls = sum(line["calls"] for line in bill["lines"])
    page = fetch(f"http://127.0.0.1:{gateway.ports['metrics']}/metrics")
    token = gateway.token(HOME, "agentops-operator", "agentops-relay")
    usage = f"http://127.0.0.1:{gateway.ports['admin']}/v1/usage?agent=rt-a/billing"
    runs = json.loads(fetch(usage, headers={"Authorization": f"Bearer {token}"}))["runs"]
    by_agent = cost_in([page], {"k8s_namespace_name": "rt-a", "dev_agentops_agent": "billing"}) * 1e6
    by_team = cost_in([page], {"k8s_namespace_name": "rt-a", "dev_agentops_team": "payments"}) * 1e6
    by_run = sum(run["microUSD"]["used"] for run in runs)
    assert calls == 12
    assert abs(by_agent - bill["microUsd"]) <= calls < bill["microUsd"]  # each call is rounded to a millionth of a dollar
    assert by_agent == pytest.approx(by_team) == pytest.approx(by_run)
    for policy in (("providerfallbacks", "chat", HOME), ("budgets", "daily", "rt-a")):
        until(f"{policy[0]} in force", lambda: condition(control_plane, *policy, "Enforced") == ("True", "Probed"))  # noqa: B023
        assert condition(control_plane, *policy, "Accepted")[0] == condition(control_plane, *policy, "Programmed")[0] == "True"


def test_parts_that_go_away_are_told_to_the_sdk_and_in_the_conditions(
    control_plane: ControlPlane, start: Start, gateway: GatewayProcess
) -> None:
    """Without the store a limited agent is refused, without the gateway the forwarder says so; both are conditions."""
    start(**gateway.operator_settings())
    declare(control_plane, gateway.ports["provider"])
    sdk = SdkAgent(gateway)
    sdk.start()
    until("programmed", lambda: condition(control_plane, "budgets", "daily", "rt-a", "Programmed") == ("True", "Programmed"))
    until("the agent", sdk.answers)
    assert sdk.ask("first")["status"] == 200
    gateway.stop_one("redis")
    refused = sdk.ask("second")
    assert (refused["status"], refused["error"], refused["code"]) == (503, "InternalServerError", "state_unavailable")
    enforced = ("budgets", "daily", "rt-a", "Enforced")
    until("the store is told", lambda: condition(control_plane, *enforced) == ("False", "StateStoreDown"))
    gateway.stop_one("gateway")
    gone = sdk.ask("third")
    assert (gone["status"], gone["error"], gone["code"]) == (503, "InternalServerError", "gateway_unreachable")
    until("the gateway is told", lambda: condition(control_plane, *enforced) == ("Unknown", "GatewayUnreachable"))


def control(gateway: GatewayProcess, path: str, body: dict[str, Any]) -> None:
    """Tells the providers something."""
    fetch(f"http://127.0.0.1:{gateway.ports['provider']}{path}", body)
