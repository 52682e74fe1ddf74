"""Where to look next, and how to clean up."""

from demo.story import Story, remove
from demo.world import NAMESPACE

LOOK = f"""eval "$(python3 -m devcluster env)"                          # kubectl and helm for this cluster
.venv/bin/agentops status -n {NAMESPACE}                    # declared, programmed, enforced
kubectl get agents,maskingpolicies,evalruns -n {NAMESPACE}
kubectl edit maskingpolicy default -n {NAMESPACE}           # change a rule, watch the pod follow
kubectl port-forward -n agentops-system svc/prometheus 9090  # counters and alert rules"""


def run(story: Story) -> None:
    """Says how to go on, and removes the demo's namespace unless it should stay."""
    report = story.report
    if not story.keep:
        remove(story.world)
        report.proved(f"namespace {NAMESPACE} is removed; the product stays for the next run, `make demo-down` removes it too")
        report.say("DEMO_KEEP=1 make demo leaves everything up, to look at with:")
    else:
        report.say("Everything is still up (DEMO_KEEP). Look at it with:")
    for line in LOOK.splitlines():
        report.say(f"     {line}")
    if story.keep:
        report.say("`make demo-down` removes it.")
