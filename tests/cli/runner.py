"""Runs the command line in this process."""

from pathlib import Path

from click.testing import CliRunner, Result

from agentops_operator.cli.main import cli

SAMPLES = Path(__file__).parent / "samples"


def run(*arguments: str | Path, stdin: str | None = None, env: dict[str, str] | None = None) -> Result:
    """What the command printed and how it ended; an unexpected exception fails the test that called."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin, env=env, prog_name="agentops")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
