"""Entry point of the runner's image: `agentops-evals run`.

Exit code 0 means that a verdict was reached, whatever it is; anything else means that the runner itself failed, and then
there is no message, which the operator takes for a run that did not happen.
"""

import argparse
import asyncio
import os
import sys
import traceback
from pathlib import Path

import aiohttp
from pydantic import ValidationError

from agentops_evals import report
from agentops_evals.results import CaseResult, NotRunnableError
from agentops_evals.run import Places, run
from agentops_operator.policies.evaluation.contract import CONFIG_VARIABLE, RunConfig, RunMessage

TERMINATION_LOG = Path("/dev/termination-log")
BAD_CONFIG = 2
CRASH = 1


def main() -> None:
    """Console script."""
    parser = argparse.ArgumentParser(prog="agentops-evals", description="Evaluates an agent and leaves a verdict.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("run", help="run one evaluation")
    command.add_argument("--config", type=Path, help=f"JSON file with the settings; without it the variable {CONFIG_VARIABLE}")
    command.add_argument("--message", type=Path, default=TERMINATION_LOG, help="where the verdict is written")
    arguments = parser.parse_args()
    sys.exit(_run(arguments.config, arguments.message))


def _run(file: Path | None, target: Path) -> int:
    try:
        text = os.environ.get(CONFIG_VARIABLE, "") if file is None else file.read_text()
        config = RunConfig.model_validate_json(text)
    except (OSError, ValidationError) as error:
        # A ValidationError quotes what it was given: an evaluator's value is content.
        return _complain(f"the settings could not be read ({type(error).__name__})", BAD_CONFIG)
    try:
        verdict = asyncio.run(evaluate(config, target, Places()))
    except Exception as error:  # noqa: BLE001  (the trace is told without its texts, which may quote an answer)
        frames = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
        return _complain("\n".join((f"the runner failed: {type(error).__name__}", *frames)), CRASH)
    sys.stderr.write(f"{verdict.verdict}: {verdict.reason}\n")
    return 0


async def evaluate(config: RunConfig, target: Path, places: Places) -> RunMessage:
    """Runs, writes the message, then sends the events: telemetry comes last, because it must not change the verdict."""
    results: list[CaseResult] = []
    async with aiohttp.ClientSession() as session:
        try:
            ran = await run(session, config, places)
            results = ran.results
            verdict = report.message(results, [rule.name for rule in config.evaluators], config.gate, ran.digest)
        except NotRunnableError as error:
            verdict = report.not_runnable(str(error))
        report.write(verdict, target)
        url = f"{config.relay}:{places.logs_port}/v1/logs"
        problem = await report.send_events(session, config, results, url, places.agent_token) if results else ""
    if problem:
        sys.stderr.write(f"results were not sent: {problem}\n")
    return verdict


def _complain(text: str, code: int) -> int:
    sys.stderr.write(text + "\n")
    return code


if __name__ == "__main__":
    main()
