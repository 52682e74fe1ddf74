"""`agentops run`: what is told of held runs, and how a decision is written."""

import json
from typing import Any

import pytest

from agentops_operator.api.kind import API_VERSION
from agentops_operator.cli import run as module
from agentops_operator.cli.exits import Unreachable
from agentops_operator.cli.history import events
from agentops_operator.cli.holds import report, table, tree, waits
from agentops_operator.cli.tree import lines
from tests.cli.runner import run

SINCE = "2026-11-23T10:00:00Z"
WHY = {"reason": "MaxSteps", "used": "3", "limit": "3", "cost": "0.0015", "since": SINCE, "expires": "2026-11-24T10:00:00Z"}


def hold(name: str = "billing-1", agent: str = "billing", *, decision: Any = None, **status: Any) -> dict[str, Any]:
    """A RunHold with this status."""
    spec = {"agent": agent, "run": "order-1", "number": 1, **({"decision": decision} if decision else {})}
    metadata = {"name": name, "namespace": "shop", "generation": 2, "creationTimestamp": SINCE}
    known = {"state": "Held", **WHY, **status}
    return {"apiVersion": API_VERSION, "kind": "RunHold", "metadata": metadata, "spec": spec, "status": known}


def entry(kind: str, status: str, reason: str) -> dict[str, Any]:
    """A condition of the newest generation."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "m",
        "observedGeneration": 2,
        "lastTransitionTime": SINCE,
    }


class FakeCluster:
    """An API server with a few RunHolds; a decision is answered by the operator at once."""

    namespace = "shop"

    def __init__(self, *bodies: dict[str, Any], taken: str = "True") -> None:
        self.bodies = list(bodies)
        self.patches: list[Any] = []
        self.taken = taken

    def readable_list(self, path: str) -> list[dict[str, Any]] | None:
        """All of them."""
        return self.bodies

    def readable(self, path: str) -> dict[str, Any]:
        """The one that was decided on."""
        (change,) = self.patches
        decision = {name: value for name, value in change["spec"]["decision"].items() if value is not None}
        reason = "Programmed" if self.taken == "True" else "NotAccepted"
        said = [entry("Accepted", self.taken, "Accepted"), entry("Programmed", self.taken, reason)]
        return hold(decision=decision, conditions=said, state="Running", endedAt=SINCE)

    def patch(self, path: str, change: Any) -> None:
        """Takes a decision."""
        self.patches.append(change)

    def whoami(self) -> str:
        """Who asks."""
        return "eve"


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """One held run."""
    found = FakeCluster(hold())
    monkeypatch.setattr(module, "_connect", lambda *_, **__: found)
    return found


def test_list_is_a_table_of_what_waits(cluster: FakeCluster) -> None:
    """What is over is not shown unless it is asked for; the exit code tells a script that somebody waits."""
    cluster.bodies.append(hold("billing-0", state="Running", endedAt=SINCE))
    result = run("run", "list")
    assert result.exit_code == 1
    head, line = result.stdout.splitlines()
    assert head.split() == ["NAMESPACE", "NAME", "AGENT", "RUN", "STATE", "REASON", "USED", "LIMIT", "USD", "EXPIRES"]
    assert line.split() == [
        "shop", "billing-1", "billing", "order-1", "Held", "MaxSteps", "3", "3", "0.0015", "2026-11-24T10:00:00Z",
    ]  # fmt: skip
    assert len(json.loads(run("run", "list", "--all", "-o", "json").stdout)["runs"]) == 2
    cluster.bodies.pop(0)
    assert (run("run", "list").exit_code, run("run", "list").stdout) == (0, "No run waits.\n")


def test_show_tells_why_and_what_was_decided() -> None:
    """A person who comes later reads who did what."""
    decision = {"verb": "Resume", "more": {"steps": 5}, "by": "eve", "note": "a large order"}
    said = [
        entry("Accepted", "True", "Accepted"),
        entry("Programmed", "True", "Programmed"),
        entry("Enforced", "True", "RunResumed"),
    ]
    told = report(hold(decision=decision, decidedAt=SINCE, endedAt=SINCE, state="Running", conditions=said, link="https://x"))
    assert not waits(told)
    assert "\n".join(lines(tree(told, ["10:00:01 Held"]))) == (
        "✓ RunHold shop/billing-1  run order-1 of Agent billing  Running\n"
        "├─ MaxSteps: 3 of 3 used, 0.0015 USD so far\n"
        f"├─ since {SINCE}, over since {SINCE}\n"
        f"├─ Resume with 5 more steps by eve, {SINCE}: a large order\n"
        "├─ more: https://x\n"
        f"├─ ✓ Accepted: Accepted, m (since {SINCE})\n"
        f"├─ ✓ Programmed: Programmed, m (since {SINCE})\n"
        f"├─ ✓ Enforced: RunResumed, m (since {SINCE})\n"
        "└─ history\n"
        "   └─ 10:00:01 Held"
    )


@pytest.mark.parametrize("name", ["order-1", "billing-1"])
def test_decision_is_written_and_waited_for(cluster: FakeCluster, name: str) -> None:
    """By the id of the run or the name of the record, with all that a run may use more of."""
    more = ("--steps", "5", "--tokens", "100", "--usd", "0.50", "--seconds", "9", "--note", "fine")
    result = run("run", "resume", name, *more, "-o", "json")
    assert result.exit_code == 0, result.output
    wanted = {"verb": "Resume", "more": {"steps": 5, "tokens": 100, "usd": "0.50", "seconds": 9}, "note": "fine", "by": "eve"}
    assert cluster.patches == [{"spec": {"decision": wanted}}]
    assert json.loads(result.stdout)["state"] == "Running"


@pytest.mark.parametrize(("command", "verb"), [("takeover", "TakeOver"), ("cancel", "Cancel"), ("resume", "Resume")])
def test_each_command_is_one_verb_and_leaves_nothing_of_an_older_decision(cluster: FakeCluster, command: str, verb: str) -> None:
    """Null takes a field away that TakeOver had."""
    run("run", command, "order-1")
    assert cluster.patches[0]["spec"]["decision"] == {"verb": verb, "by": "eve", "more": None, "note": None}


def test_decision_that_came_too_late_exits_with_1(cluster: FakeCluster) -> None:
    """A script must not believe that the run goes on."""
    cluster.taken = "False"
    assert run("run", "resume", "order-1").exit_code == 1


def test_run_that_is_not_held_and_name_of_two_agents_are_wrong_usage(cluster: FakeCluster) -> None:
    """Nothing is decided by guessing."""
    assert run("run", "cancel", "order-2").exit_code == 2
    cluster.bodies.append(hold("search-1", "search"))
    result = run("run", "cancel", "order-1")
    assert (result.exit_code, "name the RunHold (billing-1, search-1)" in result.stderr) == (2, True)
    assert cluster.patches == []


def test_refusal_of_the_api_server_is_told_in_its_words(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which verb is missing, and where."""

    def refuse(*_: Any) -> None:
        raise Unreachable('eve may not decide on held runs in namespace shop: it needs the verb "decide"')

    monkeypatch.setattr(cluster, "patch", refuse)
    result = run("run", "resume", "order-1")
    assert (result.exit_code, 'needs the verb "decide"' in result.stderr) == (3, True)


def test_history_is_read_from_stored_spans() -> None:
    """Oldest first; spans of other runs, and those that are no event of a run, are left out."""

    def span(at: int, **said: Any) -> dict[str, Any]:
        own = [{"key": f"dev.agentops.run.{key}", "value": {"stringValue": str(value)}} for key, value in said.items()]
        return {"startTimeUnixNano": str(at * 10**9), "attributes": own}

    def line(*spans: Any) -> str:
        return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})

    held = span(
        61, id="order-1", event="Transition", state="Held", reason="MaxSteps", hold=1, limit=3, used=3, **{"from": "Running"}
    )
    began = span(1, id="order-1", event="Transition", state="Running", reason="FirstCall")
    tried = span(31, id="order-1", event="StepRetried", step=2, retry=1, target="a", next_target="b")
    other = span(9, id="order-2", event="Transition", state="Held")
    text = "\n".join([line(held, other), "", line(tried, span(5, id="order-1")), line(began)])
    assert events(text, "order-1") == [
        "1970-01-01T00:00:01Z new -> Running: reason FirstCall",
        "1970-01-01T00:00:31Z StepRetried: step 2, retry 1, target a, next target b",
        "1970-01-01T00:01:01Z Running -> Held: reason MaxSteps, hold 1, limit 3, used 3",
    ]


def test_table_has_no_ragged_columns() -> None:
    """Columns are as wide as their widest cell."""
    head, one, two = table([report(hold()), report(hold("a-much-longer-name"))])
    assert head.index("AGENT") == one.index("billing ") or head.index("AGENT") == two.index("billing  ")
