"""Where to look next, and how to clean up."""

from demo.story import Story, remove
from demo.world import NAMESPACE
from devcluster.paths import NAME_VARIABLE, USUAL_NAME

LOOK = (
    ('eval "$({setting}python3 -m devcluster env)"', "kubectl and helm for this cluster"),
    (f".venv/bin/agentops status -n {NAMESPACE}", "declared, programmed, enforced"),
    (f".venv/bin/agentops budget -n {NAMESPACE}", "what may be spent, and what is"),
    (f"kubectl get agentops -n {NAMESPACE}", "every object of the product"),
    (f"kubectl edit maskingpolicy default -n {NAMESPACE}", "change a rule, watch the pod follow"),
    ("kubectl port-forward -n agentops-system svc/prometheus 9090", "counters and alert rules"),
)
"""Commands, and what each is for."""


def run(story: Story) -> None:
    """Says how to go on, and removes the demo's namespace unless it should stay."""
    report, setting = story.report, setting_of(story.world.cluster.name)
    down = f"`{setting}make demo-down` removes it, and `{setting}make cluster-down` the cluster as well"
    if not story.keep:
        remove(story.world)
        report.proved(f"namespace {NAMESPACE} is removed; the product stays for the next run: {down}")
        report.say("DEMO_KEEP=1 make demo leaves everything up, to look at with:")
    else:
        report.say("Everything is still up (DEMO_KEEP). Look at it with:")
    for line in looks(setting):
        report.say(f"     {line}")
    if story.keep:
        report.say(f"{down}.")


def setting_of(cluster: str) -> str:
    """What stands before a command for a cluster of another name: without it the command meets the usual one."""
    return "" if cluster == USUAL_NAME else f"{NAME_VARIABLE}={cluster} "


def looks(setting: str) -> list[str]:
    """The commands, their notes below each other."""
    commands = [(command.format(setting=setting), note) for command, note in LOOK]
    width = max(len(command) for command, _ in commands)
    return [f"{command:{width}}  # {note}" for command, note in commands]
