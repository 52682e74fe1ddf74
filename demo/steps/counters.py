"""What Prometheus counted is what the provider charges."""

from collections.abc import Mapping
from typing import Any

from demo.story import Story
from demo.world import AGENT, NAMESPACE, World

METRICS = {
    "inputTokens": "gen_ai_client_inference_usage_input_tokens_total",
    "outputTokens": "gen_ai_client_inference_usage_output_tokens_total",
    "calls": 'agentops_calls_total{gen_ai_operation_name=~"chat|embeddings"}',
    "usd": "agentops_cost_usd_total",
}
"""Field of the bill -> counter."""

WHO = "k8s_namespace_name, dev_agentops_agent, dev_agentops_team, gen_ai_request_model"
TEAM = "payments"
Counted = dict[tuple[str, str, str], float]


def counters(world: World) -> Counted:
    """All counters of the demo's agent, by field of the bill, team and model."""
    found: Counted = {}
    for field, metric in METRICS.items():
        for series in world.prometheus("query", query=f"sum by ({WHO}) ({metric})")["result"]:
            labels = series["metric"]
            if (labels.get("k8s_namespace_name"), labels.get("dev_agentops_agent")) == (NAMESPACE, AGENT):
                found[field, labels["dev_agentops_team"], labels["gen_ai_request_model"]] = float(series["value"][1])
    return found


def run(story: Story) -> None:
    """Lets the agent rest, and compares counters and bill."""
    world, report = story.world, story.report
    story.pause()
    bill = world.ask("provider", "/bill")["models"]
    world.until("the counters equal the bill", lambda: (_grown(story), _owed(bill)), lambda seen: _equal(*seen))
    report.table(
        ("agent", "team", "model", "calls", "input tokens", "output tokens", "USD"),
        [
            (AGENT, TEAM, model, line["calls"], line["inputTokens"], line["outputTokens"], f"{line['usd']:.6f}")
            for model, line in bill.items()
        ],
    )
    report.proved("Prometheus and the provider's bill agree on calls, tokens and cost of every model, to the last token")
    story.resume()


def _grown(story: Story) -> Counted:
    """What was counted since the agent started."""
    now = counters(story.world)
    return {key: value - story.counted_before.get(key, 0) for key, value in now.items()}


def _owed(bill: Mapping[str, Mapping[str, Any]]) -> Counted:
    return {(field, TEAM, model): float(line[field]) for model, line in bill.items() for field in METRICS}


def _equal(counted: Counted, owed: Counted) -> bool:
    """Whether both agree; cost to a billionth, as sums of floating point numbers depend on their order."""
    names = counted.keys() | owed.keys()
    return all(abs(counted.get(name, 0) - owed.get(name, 0)) < (1e-9 if name[0] == "usd" else 0.5) for name in names)
