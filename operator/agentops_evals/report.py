"""The verdict on its way out: a short message for the operator, and one event a judgement for the relay."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from agentops_evals.otlp import pairs
from agentops_evals.results import CaseResult
from agentops_evals.verdict import count, decide, error_kinds
from agentops_operator.policies.evaluation.contract import MESSAGE_LIMIT, EvaluatorCount, RunConfig, RunMessage
from agentops_operator.policies.evaluation.types import Gate, Verdict

EVENT = "gen_ai.evaluation.result"
BATCH = 500  # records in one request
REASON_LIMIT = 1024
TIMEOUT = aiohttp.ClientTimeout(total=10)


def message(results: Sequence[CaseResult], evaluators: Sequence[str], gate: Gate, digest: str) -> RunMessage:
    """The message about a run in which cases were tried."""
    counts = count(results)
    verdict, reason = decide(counts, gate)
    kinds = error_kinds(results)
    return RunMessage(
        verdict=verdict,
        reason=(f"{reason}; errors: {kinds}" if kinds else reason)[:REASON_LIMIT],
        cases=counts.total,
        passed=counts.passed,
        failed=counts.failed,
        errors=counts.errors,
        evaluators=[_judged_by(name, results) for name in evaluators],
        dataset_digest=digest,
    )


def not_runnable(reason: str) -> RunMessage:
    """The message about a run that could not begin."""
    return RunMessage(verdict=Verdict.INCONCLUSIVE, reason=reason[:REASON_LIMIT])


def _judged_by(name: str, results: Sequence[CaseResult]) -> EvaluatorCount:
    outcomes = [result.outcomes[name] for result in results if name in result.outcomes]
    return EvaluatorCount(name=name, passed=outcomes.count(True), failed=outcomes.count(False))


def write(text: RunMessage, path: Path) -> None:
    """Writes the termination message."""
    path.write_bytes(encoded(text))


def encoded(text: RunMessage) -> bytes:
    """The message as JSON within the kubelet's limit: the reason is cut before a number is."""
    content = text.model_dump_json(by_alias=True).encode()
    while len(content) > MESSAGE_LIMIT:
        text = text.model_copy(update={"reason": text.reason[: len(text.reason) // 2]})
        content = text.model_dump_json(by_alias=True).encode()
    return content


async def send_events(
    session: aiohttp.ClientSession, config: RunConfig, results: Sequence[CaseResult], url: str, token: Path
) -> str:
    """Sends the judgements to the relay; returns what went wrong, which is no part of the verdict."""
    try:
        headers = {"Authorization": f"Bearer {token.read_text().strip()}"}  # noqa: ASYNC240  (one small file)
        for body in bodies(config, results, time.time_ns()):
            async with session.post(url, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False) as response:
                if not response.ok:
                    return f"the relay answered HTTP {response.status}"
    except (OSError, TimeoutError, aiohttp.ClientError) as error:
        return f"the relay could not be reached ({type(error).__name__})"
    return ""


def bodies(config: RunConfig, results: Sequence[CaseResult], now: int) -> Iterator[dict[str, Any]]:
    """Requests of OTLP-JSON, each of a bounded size. The relay stamps who they come from."""
    records = [record for result in results for record in _records(config, result, str(now))]
    for start in range(0, len(records), BATCH):
        scope = {"scope": {"name": "agentops-evals"}, "logRecords": records[start : start + BATCH]}
        resource = {"attributes": pairs({"service.name": config.agent})}
        yield {"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}


def _records(config: RunConfig, result: CaseResult, now: str) -> Iterator[dict[str, Any]]:
    about = {
        "event.name": EVENT,  # readers of older conventions look here
        "gen_ai.agent.name": config.agent,
        "dev.agentops.eval.policy": config.policy,
        "dev.agentops.eval.case": result.case,
    }
    judged: dict[str, dict[str, str | float]] = {
        name: {"gen_ai.evaluation.score.value": float(passed), "gen_ai.evaluation.score.label": "pass" if passed else "fail"}
        for name, passed in result.outcomes.items()
    }
    unjudged: dict[str, dict[str, str | float]] = {name or "run": {"error.type": "unjudged"} for name in result.errors}
    for name, score in (judged | unjudged).items():
        record: dict[str, Any] = {
            "timeUnixNano": now,
            "observedTimeUnixNano": now,
            "severityNumber": 9,
            "eventName": EVENT,
            "attributes": pairs({**about, "gen_ai.evaluation.name": name, **score}),
        }
        if result.trace_id:
            record |= {"traceId": result.trace_id, "spanId": result.span_id}
        yield record
