"""An agent of a public framework, which knows nothing of us."""

import pytest
from pydantic_ai import Agent
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from conformance.caller import refused
from conformance.lab import Lab
from conformance.plans import AGENT, agent, plan
from conformance.proves import proves

KINDS: list[type[Model]] = [OpenAIChatModel, OpenAIResponsesModel]


@proves("apis/framework")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_agent_with_a_tool_works_while_a_provider_is_down(lab: Lab, kind: type[Model], *, streamed: bool) -> None:
    """It calls its tool and answers with the result, over two steps of one run."""
    lab.start(plan(lab.targets("a", "b")))
    lab.provider.fault(provider="a", times=0, status=503)
    client = lab.caller(run="run-1").openai()
    desk: Agent[None, str] = Agent(kind("chat", provider=OpenAIProvider(openai_client=client)))  # type: ignore[call-arg]

    @desk.tool_plain
    async def find(order: str) -> str:
        """Finds an order."""
        return f"{order} is on its way"

    if streamed:
        async with desk.run_stream("order: A-17") as answer:
            text = await answer.get_output()
    else:
        text = (await desk.run("order: A-17")).output
    assert text == "A-17 is on its way"
    assert lab.provider.bill("b")["calls"] == 2


@proves("apis/framework", "agents.*.execution.run.steps.max")
async def test_agent_meets_its_limit_as_an_error_it_can_show(lab: Lab) -> None:
    """The framework raises what the SDK raised, with status and code."""
    limited = agent(execution={"run": {"steps": {"max": 1, "action": "Refuse"}}})
    lab.start(plan(lab.targets("a"), agents={AGENT: limited}))
    from pydantic_ai.exceptions import ModelHTTPError

    client = lab.caller(run="run-1").openai()
    desk: Agent[None, str] = Agent(OpenAIChatModel("chat", provider=OpenAIProvider(openai_client=client)))
    await desk.run("first")
    with pytest.raises(ModelHTTPError) as caught:
        await desk.run("second")
    assert caught.value.status_code == 403
    assert "run_steps" in str(caught.value.body)
    assert (await refused(lab.caller(run="run-1").ask())).code == "run_steps"
