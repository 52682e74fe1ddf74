"""Names, decisions and links of held runs: safe whatever the run is called."""

import re
import time
from typing import Any

import pytest

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.holds.decision import cut, decision_body
from agentops_operator.agent.holds.notice import link, notice, signed
from agentops_operator.agent.holds.record import Record, hold_name, hold_record
from agentops_operator.agent.holds.status import shown
from agentops_operator.agent.holds.types import RunHoldSpec
from agentops_operator.agent.holds.waiting import run_in, waiting_in
from demo.images import ROOT

DNS = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
AGENTS = ("a", "a" * 63, "a-" * 31 + "a", "billing")
RUNS = ("order-1", "../../x", "A" * 128, "::::", "a.b_c:d/e-f", "-", ".")


def record(run: str = "order-1", **decision: object) -> Record:
    """A record with a decision."""
    spec = {"agent": "billing", "run": run, "number": 2, **({"decision": decision} if decision else {})}
    key = Key("RunHold", "shop", "billing-1")
    return Resource(key, "uid-1", 1, "2026-01-01T00:00:00Z", RunHoldSpec.model_validate(spec))


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("run", RUNS)
def test_name_is_a_dns_name_and_the_same_for_the_same_hold_only(agent: str, run: str) -> None:
    """Names are never random: the same hold is never recorded twice."""
    name = hold_name(agent, run, 1)
    assert DNS.fullmatch(name)
    assert name == hold_name(agent, run, 1)
    assert len({name, hold_name(agent, run, 2), hold_name(agent, run + "x", 1), hold_name("x" + agent[1:] + "y", run, 1)}) == 4


def test_run_id_stands_in_no_label() -> None:
    """A client chooses it, and a label value holds less than an id may have."""
    entry = {"agent": "shop/billing", "run": "a/b:c", "number": 1, "state": "Held"}
    (waiting,) = waiting_in({"holds": [entry]})
    made = hold_record(waiting)
    assert set(made["metadata"]["labels"].values()) == {"billing", "agentops-operator"}
    assert made["spec"] == {"agent": "billing", "run": "a/b:c", "number": 1}


@pytest.mark.parametrize("answer", [{}, {"holds": None}, {"holds": [{}]}, {"holds": [{"agent": 1, "run": None}]}], ids=str)
def test_answer_without_holds_is_no_hold(answer: dict[str, object]) -> None:
    """Whatever a proxy answers."""
    assert waiting_in(answer) == []
    assert run_in(answer, "order-1") is None


def test_long_names_and_notes_are_cut_to_what_the_gateway_takes() -> None:
    """In bytes, and between two characters."""
    body = decision_body(record(verb="Cancel", by="ü" * 300, note="x"))
    assert len(body["by"].encode()) == 256
    assert cut("ü" * 300) == "ü" * 128


def test_link_quotes_what_a_client_chose() -> None:
    """A run id must not lead elsewhere."""
    assert link("https://desk.example/{namespace}/{agent}?run={run}", record("a/b:c")) == (
        "https://desk.example/shop/billing?run=a%2Fb%3Ac"
    )


def test_signature_check_of_the_documentation_takes_ours_and_no_other() -> None:
    """A reader copies it as it stands."""
    page = (ROOT / "docs" / "holds.md").read_text()
    code: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], code)
    content, headers = signed(notice(record(), {"reason": "MaxSteps"}), b"key", int(time.time()))
    assert code["is_ours"](b"key", headers, content)
    assert code["is_ours"](b"key", {name.lower(): value for name, value in headers.items()}, content)
    assert not code["is_ours"](b"other", headers, content)
    assert not code["is_ours"](b"key", {}, content)
    assert not code["is_ours"](b"key", {**headers, "X-AgentOps-Signature": "v1=\u00fc"}, content)
    assert not code["is_ours"](b"key", headers, content + b" ")
    old = signed(notice(record(), {}), b"key", int(time.time()) - 3600)
    assert not code["is_ours"](b"key", old[1], old[0])


def test_amounts_have_their_unit() -> None:
    """Millionths of a dollar and milliseconds are nothing that a person reads."""
    assert (shown("MaxCost", 2_500_000), shown("MaxWallClock", 900_000), shown("MaxSteps", 3)) == ("2.5 USD", "900 s", "3")
