"""The nightly evaluation, run now."""

from typing import Any

from demo.report import check
from demo.story import Story
from demo.world import NAMESPACE

JOB = "evaluate-now"


def run(story: Story) -> None:
    """Starts the CronJob's Job by hand, as an engineer would, and waits for the record."""
    world, report = story.world, story.report
    cron_job = world.get("cronjobs", "-l", "agentops.dev/policy=nightly")["items"][0]["metadata"]["name"]
    world.kubectl("create", "job", JOB, f"--from=cronjob/{cron_job}", "-n", NAMESPACE)
    report.say(f"kubectl create job {JOB} --from=cronjob/{cron_job}")
    runs = world.until("the run is recorded", lambda: world.get("evalruns.agentops.dev")["items"], bool)
    told: dict[str, Any] = runs[0]["spec"]
    report.table(
        ("verdict", "cases", "passed", "failed", "errors", "reason"),
        [[told["verdict"], *(told.get(name, 0) for name in ("cases", "passed", "failed", "errors")), told.get("reason", "")]],
    )
    check(told["verdict"] == "Pass", f"the verdict is {told['verdict']}: {told.get('reason')}")
    said = world.until(
        "the policy is observed to be in force",
        lambda: world.conditions("evalpolicies", "nightly").get("Enforced", {}),
        lambda seen: seen.get("status") == "True",
    )
    world.until(
        "the agent is in force as a whole",
        lambda: world.conditions("agents", "support").get("Enforced", {}),
        lambda seen: seen.get("status") == "True",
    )
    report.proved(f"EvalRun {runs[0]['metadata']['name']} says {told['verdict']}; EvalPolicy Enforced: {said['message']}")
    report.proved("and now the agent's own condition Enforced is True as well")
