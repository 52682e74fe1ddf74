"""Alert rules: written by the operator, judged by promtool, loaded and evaluated by Prometheus."""

from typing import Any

from demo.install import NAMESPACE as HOME
from demo.report import check
from demo.story import Story
from demo.world import NAMESPACE, World


def run(story: Story) -> None:
    """Looks for the rules in Prometheus, then for what the operator says about them."""
    world, report = story.world, story.report
    checked = world.kubectl(
        *("exec", "-n", HOME, "deployment/prometheus", "-c", "prometheus", "--", "promtool"),
        *("check", "rules", f"/etc/prometheus/rules/{NAMESPACE}.rules.yaml"),
    )
    check("SUCCESS" in checked, f"promtool says: {checked}")
    report.proved("promtool accepts the rule file that the operator wrote for this namespace")
    rules = world.until("all rules are healthy", lambda: _rules(world), lambda seen: seen and {two for _, two in seen} == {"ok"})
    alerts = [rule for rule in rules if ":" not in rule[0]]
    report.table(("alert", "health in Prometheus"), alerts)
    report.say(f"({len(alerts)} alerts, and {len(rules) - len(alerts)} recorded series that they and dashboards read)")
    said: dict[str, Any] = world.until(
        "the operator sees its rules in Prometheus",
        lambda: world.conditions("agents", "support").get("Alerting", {}),
        lambda seen: seen.get("status") == "True",
    )
    report.proved(f"the agent's condition Alerting: {said['reason']}, {said['message']}")


def _rules(world: World) -> list[tuple[str, str]]:
    """Name and health of each rule; recorded series have colons in their names."""
    groups = world.prometheus("rules")["groups"]
    own = [group for group in groups if group["name"].startswith(f"agentops.{NAMESPACE}.")]
    return sorted((rule["name"], rule["health"]) for group in own for rule in group["rules"])
