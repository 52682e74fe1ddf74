"""Runs against a real local agent: every verdict, and every way in which there is none."""

import asyncio
import json
from typing import Any

import pytest

from agentops_evals.main import evaluate
from agentops_operator.policies.evaluation.contract import RunMessage
from tests.evals.stubs import Scene, config

FINDS_KEYS = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    name = "credentials.openai-key" if "sk-" in asked["text"] else "email.address"
    print(json.dumps({"id": asked["id"], "hits": [{"detector": name, "count": 1}]}), flush=True)
"""
SAFE = [{"name": "safe", "type": "NoSecrets"}]


async def run(scene: Scene, **fields: Any) -> RunMessage:
    """Runs once; the message on disk is the one that is returned."""
    told = await evaluate(config(**fields), scene.message, scene.places)
    assert json.loads(scene.message.read_text()) == told.dump()
    return told


async def test_all_cases_right_is_a_pass(scene: Scene) -> None:
    """Numbers by case and by evaluator, and the digest of the set that was asked."""
    told = await run(scene)
    assert (told.verdict, told.cases, told.passed) == ("Pass", 2, 2)
    assert [(entry.name, entry.passed, entry.failed) for entry in told.evaluators] == [("right", 2, 0)]
    assert told.dataset_digest.startswith("sha256:")


async def test_one_wrong_answer_fails_a_gate_of_all(scene: Scene) -> None:
    """The reason says how many passed, and nothing of what was said."""
    scene.agent.answers["2 + 2?"] = "the secret answer is five"
    told = await run(scene)
    assert (told.verdict, told.passed, told.failed) == ("Fail", 1, 1)
    assert told.reason == "1 of 2 judged cases passed, the gate needs 100 %"


async def test_gate_lets_some_fail(scene: Scene) -> None:
    """Half of the cases is enough where the policy says so."""
    scene.agent.answers["2 + 2?"] = "5"
    assert (await run(scene, gate={"minPassPercent": 50, "minCases": 2})).verdict == "Pass"


async def test_too_few_cases_decide_nothing(scene: Scene) -> None:
    """Two good answers say little where a hundred were asked for."""
    assert (await run(scene, gate={"minPassPercent": 100, "minCases": 100})).verdict == "Inconclusive"


@pytest.mark.parametrize(
    ("status", "raw", "reason"),
    [
        (500, None, "the agent answered HTTP 500 (2)"),
        (302, None, "the agent answered HTTP 302 (2)"),
        (200, b"not json", 'the answer is not JSON of the form {"output": …} (2)'),
        (200, b'{"text": "Paris 4"}', 'the answer is not JSON of the form {"output": …} (2)'),
        (200, b"x" * (5 * 1024 * 1024), "the answer is longer than 4194304 bytes (2)"),
    ],
)
async def test_agent_that_does_not_answer_is_not_judged(scene: Scene, status: int, raw: bytes | None, reason: str) -> None:
    """An outage is neither a pass nor a fail of the agent's answers."""
    scene.agent.status, scene.agent.raw = status, raw
    told = await run(scene)
    assert (told.verdict, told.errors) == ("Inconclusive", 2)
    assert told.reason == f"nothing was judged; errors: {reason}"


async def test_run_out_of_time_keeps_what_it_has(scene: Scene) -> None:
    """Cases that were not asked are errors, so the run cannot pass."""
    scene.agent.silent = {"2 + 2?"}
    told = await run(scene, deadlineSeconds=2, concurrency=1)
    assert (told.verdict, told.passed, told.errors) == ("Inconclusive", 1, 1)
    assert told.reason.endswith("the agent did not answer in time (1)")


async def test_questions_under_way_are_bounded(scene: Scene) -> None:
    """The agent under test also serves people."""
    scene.agent.together = asyncio.Barrier(3)
    scene.dataset("\n".join(f"- {{id: c{number}, input: q{number}, expected: x}}" for number in range(12)))
    await run(scene, concurrency=3)
    assert scene.agent.busiest == 3
    assert len(scene.agent.asked) == 12


async def test_missing_set_is_told_at_once(scene: Scene) -> None:
    """Not a pod that waits until its deadline."""
    scene.places.dataset.unlink()
    told = await run(scene)
    assert (told.verdict, told.cases) == ("Inconclusive", 0)
    assert told.reason.startswith("the data set is missing")


async def test_empty_set_is_no_pass(scene: Scene) -> None:
    """All of no cases passed, and that means nothing."""
    scene.dataset("[]")
    assert (await run(scene)).verdict == "Inconclusive"


async def test_secret_scanner_that_is_missing_is_an_error(scene: Scene) -> None:
    """A scan that did not happen found nothing, which is no pass."""
    told = await run(scene, evaluators=SAFE)
    assert (told.verdict, told.errors) == ("Inconclusive", 2)
    assert "agentops-mask could not be used (FileNotFoundError)" in told.reason


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("raise SystemExit(1)", id="dies"),
        pytest.param('import sys\nfor _ in sys.stdin: print("{}", flush=True)', id="answers without hits"),
        pytest.param(
            'import sys\nfor _ in sys.stdin: print(\'{"id": 0, "hits": []}\', flush=True)', id="answers another question"
        ),
        pytest.param(
            'import sys\nfor number, _ in enumerate(sys.stdin, 1):\n print(\'{"id": %d, "hits": [], "error": "x"}\' % number)\n'
            " sys.stdout.flush()",
            id="reports an error",
        ),
    ],
)
async def test_secret_scanner_that_does_not_answer_is_an_error(scene: Scene, script: str) -> None:
    """Whatever it does instead of answering, nothing was judged."""
    scene.scanner(script)
    assert (await run(scene, evaluators=SAFE)).verdict == "Inconclusive"


async def test_credential_in_an_answer_fails_and_other_finds_do_not(scene: Scene) -> None:
    """Personal data has its own rules; a credential is never right."""
    scene.scanner(FINDS_KEYS)
    assert (await run(scene, evaluators=SAFE)).verdict == "Pass"
    scene.agent.answers["2 + 2?"] = "4, and the key is sk-live"
    told = await run(scene, evaluators=SAFE)
    assert (told.verdict, told.failed) == ("Fail", 1)


async def test_credential_beside_the_output_is_found_too(scene: Scene) -> None:
    """What the agent sends along is as public as the answer."""
    scene.scanner(FINDS_KEYS)
    scene.agent.raw = b'{"output": "fine", "debug": "sk-live"}'
    assert (await run(scene, evaluators=SAFE)).verdict == "Fail"


async def test_one_broken_rule_fails_a_case_that_another_could_not_judge(scene: Scene) -> None:
    """A wrong answer stays wrong when the scanner is missing."""
    scene.agent.answers = {}
    told = await run(scene, evaluators=[{"name": "right", "type": "Contains"}, *SAFE])
    assert (told.verdict, told.failed, told.errors) == ("Fail", 2, 0)


async def test_events_carry_judgements_and_no_content(scene: Scene) -> None:
    """One event for each judgement, by the conventions, with the agent's token."""
    scene.agent.answers["2 + 2?"] = "five, says jane"
    await run(scene)
    scores = {
        r["attributes"]["dev.agentops.eval.case"]: r["attributes"]["gen_ai.evaluation.score.value"] for r in scene.relay.records
    }
    assert scores == {"france": 1.0, "sum": 0.0}
    assert {record["eventName"] for record in scene.relay.records} == {"gen_ai.evaluation.result"}
    assert scene.relay.tokens == ["Bearer agent-token"]
    said = json.dumps(scene.relay.logs) + scene.message.read_text()
    assert [word for word in ("Paris", "five", "jane", "capital", "2 + 2") if word in said] == []


async def test_relay_that_refuses_changes_no_verdict(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Telemetry is lost and told; the verdict stands."""
    scene.relay.status = 401
    assert (await run(scene)).verdict == "Pass"
    assert "HTTP 401" in capsys.readouterr().err


async def test_token_that_is_missing_changes_no_verdict(scene: Scene) -> None:
    """The same when there is no token at all."""
    (scene.directory / "agent").unlink()
    assert (await run(scene)).verdict == "Pass"
