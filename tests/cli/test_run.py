"""`agentops run`: what is told of held runs, and how a decision is written."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from agentops_operator.api.kind import API_VERSION
from agentops_operator.cli import run as module
from agentops_operator.cli.exits import Unreachable
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

    def token(self, namespace: str, account: str) -> str:
        """A token for the relay."""
        return f"token-of-{namespace}/{account}"

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


class Relay(BaseHTTPRequestHandler):
    """A relay that knows one run."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        """What happened to it."""
        self.asked.append((self.path, self.headers["Authorization"]))
        began = {"at": SINCE, "event": "Transition", "state": "Running", "reason": "FirstCall"}
        tried = {"at": SINCE, "event": "StepRetried", "step": 2, "retry": 1, "target": "a", "nextTarget": "b"}
        held = {"at": SINCE, "event": "Transition", "from": "Running", "state": "Held", "reason": "MaxSteps", "hold": 1}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"events": [began, tried, held]}).encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_history_comes_from_the_relay_with_a_token_for_it(cluster: FakeCluster) -> None:
    """What happened to the run stands below it, oldest first; a relay that does not answer is an outage."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    result = run("run", "show", "order-1", "--relay", address, "-o", "json")
    server.shutdown()
    server.server_close()
    assert json.loads(result.stdout)["history"] == [
        f"{SINCE} new -> Running: reason FirstCall",
        f"{SINCE} StepRetried: step 2, retry 1, target a, next target b",
        f"{SINCE} Running -> Held: reason MaxSteps, hold 1",
    ]
    assert Relay.asked == [("/v1/history?namespace=shop&agent=billing&run=order-1&limit=1000", "Bearer token-of-shop/default")]
    assert run("run", "show", "order-1", "--relay", address).exit_code == 3


def test_table_has_no_ragged_columns() -> None:
    """Columns are as wide as their widest cell."""
    head, one, two = table([report(hold()), report(hold("a-much-longer-name"))])
    assert head.index("AGENT") == one.index("billing ") or head.index("AGENT") == two.index("billing  ")
