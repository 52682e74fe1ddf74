"""Who is charged for what can be seen."""

from conformance.lab import Lab
from conformance.plans import AGENT, agent, plan
from conformance.proves import proves


@proves("agents.*.team", "agents.*.useCase", "agents.*.release")
async def test_metrics_name_agent_team_use_case_and_release(lab: Lab) -> None:
    """As the plan says, whatever the client says."""
    running = lab.start(plan(lab.targets("a"), agents={AGENT: agent(release="billing-7f3a")}))
    await lab.caller(headers={"x-agentops-team": "others"}).ask(extra_body={"metadata": {"team": "others"}})
    lines = running.metrics().splitlines()
    assert [line for line in lines if all(word in line for word in ('"billing"', '"payments"', '"invoices"', '"billing-7f3a"'))]
    assert not [line for line in lines if "others" in line]
