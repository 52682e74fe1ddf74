"""One run, from settings to results."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from agentops_evals import dataset, target_traces
from agentops_evals.dataset import GoldenCase
from agentops_evals.engine import Ask, judge
from agentops_evals.evaluators import rules
from agentops_evals.results import Answer, CaseResult, NotRunnableError
from agentops_evals.secret_scan import PROGRAM, MaskScanner
from agentops_evals.target_service import ServiceTarget, service_url
from agentops_operator.policies.evaluation.contract import AGENT_TOKEN, DATASET_PATH, READER_TOKEN, TOKEN_DIRECTORY, RunConfig


@dataclass(frozen=True)
class Places:
    """Where files and services are; tests bring their own."""

    dataset: Path = Path(DATASET_PATH)
    reader_token: Path = Path(TOKEN_DIRECTORY) / READER_TOKEN
    agent_token: Path = Path(TOKEN_DIRECTORY) / AGENT_TOKEN
    scanner: str = PROGRAM
    service: Callable[[str, str, int, str], str] = service_url
    logs_port: int = 4318
    api_port: int = 4320


@dataclass(frozen=True)
class Ran:
    """Results, and the digest of the set that they are about."""

    results: list[CaseResult]
    digest: str = ""


async def run(session: aiohttp.ClientSession, config: RunConfig, places: Places) -> Ran:
    """Tries every case.

    Raises:
        NotRunnableError: there is nothing to judge, or no way to judge it.
    """
    async with MaskScanner(places.scanner) as scanner:
        checks = rules(config.evaluators, scanner)
        cases, ask, digest = await _target(session, config, places)
        return Ran(await judge(cases, ask, checks, config.concurrency), digest)


async def _target(session: aiohttp.ClientSession, config: RunConfig, places: Places) -> tuple[tuple[GoldenCase, ...], Ask, str]:
    service = config.target.service
    if service is None:
        return await _recorded(session, config, places)
    golden = dataset.read(places.dataset)
    if not golden.cases:
        raise NotRunnableError("the data set holds no case")
    deadline = time.monotonic() + config.deadline_seconds
    url = places.service(service.name, config.namespace, service.port, service.path)
    return golden.cases, ServiceTarget(session, url, lambda: deadline - time.monotonic()).ask, golden.digest


async def _recorded(session: aiohttp.ClientSession, config: RunConfig, places: Places) -> tuple[tuple[GoldenCase, ...], Ask, str]:
    minutes = config.target.traces.lookback_minutes if config.target.traces else 0
    query = {
        "namespace": config.namespace,
        "agent": config.agent,
        "since": (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "limit": target_traces.LIMIT,
    }
    text = await target_traces.fetch(session, f"{config.relay}:{places.api_port}/v1/traces", query, places.reader_token)
    answers = target_traces.answers(text)
    if not answers:
        raise NotRunnableError(f"no answer was recorded in the last {minutes} minutes")

    async def look_up(name: Any) -> Answer:
        return answers[name]

    return tuple(GoldenCase(name, name) for name in answers), look_up, ""
