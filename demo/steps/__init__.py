"""The steps of the demo, one file each."""

from demo.steps import agent, alerts, conditions, counters, evaluation, leaving, live_change, models, onward, surroundings
from demo.story import Step

STEPS = (
    Step("The surroundings: product, Prometheus, fake model provider", surroundings.run),
    Step("An agent that knows nothing of AgentOps", agent.run),
    Step("What left the pod", leaving.run),
    Step("Tokens and cost by agent, team and model", counters.run),
    Step("Declared is not enforced: conditions", conditions.run),
    Step("Alert rules, loaded and healthy", alerts.run),
    Step("The evaluation's verdict", evaluation.run),
    Step("A policy changes while the agent runs", live_change.run),
    Step("A provider dies, an agent loops, a budget runs out", models.run),
    Step("How to look further", onward.run),
)
