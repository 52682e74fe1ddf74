"""An alias that answers a run which a person took over, and what is said when there is none."""

from agentops_operator.agent.execution import Execution, execution_entry
from agentops_operator.agent.gateway.observe import without_take_over
from agentops_operator.agent.gateway.row import GatewayRow

MODELS = {"chat": "shop/chat/chat"}
ROW = GatewayRow({"models": MODELS, "budgets": [], "execution": {}}, (), ())


def test_alias_that_the_agent_lacks_is_left_out_and_named() -> None:
    """All other limits are in force, and the message says what happens to the calls."""
    execution = Execution.model_validate({"takeOver": {"model": "person"}})
    assert "takeOverRoute" not in execution_entry(execution, MODELS)
    told = without_take_over(execution, ROW)
    assert told is not None
    assert (told.status, told.reason) == ("False", "RefNotFound")
    assert "no ProviderFallback gives the Agent an alias person" in told.message


def test_alias_of_the_agent_becomes_its_route() -> None:
    """Nothing is said then."""
    execution = Execution.model_validate({"takeOver": {"model": "chat"}})
    assert execution_entry(execution, MODELS)["takeOverRoute"] == "shop/chat/chat"
    assert without_take_over(execution, ROW) is None
    assert without_take_over(Execution(), ROW) is None
