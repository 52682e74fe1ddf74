"""Entry of the console scripts `agentops` and `kubectl-agentops`."""

import sys
from pathlib import Path

import click

from agentops_operator import __version__
from agentops_operator.cli.about import completion, version
from agentops_operator.cli.budget import budget
from agentops_operator.cli.command import Root
from agentops_operator.cli.explain import explain
from agentops_operator.cli.mask import mask
from agentops_operator.cli.render import render
from agentops_operator.cli.run import run
from agentops_operator.cli.status import status
from agentops_operator.cli.validate import validate

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


@click.group(
    cls=Root,
    context_settings=SETTINGS,
    examples=(
        "agentops validate deploy/",
        "agentops status -A",
        "agentops explain pod billing-7d4b9c-x2x -n shop",
    ),
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Operational policies for AI agents on Kubernetes: what is declared, and what is in force."""


COMMANDS = (status, budget, run, explain, validate, render, mask, completion, version)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Runs the command line; kubectl shows us as one of its own commands."""
    plugin = Path(sys.argv[0]).name.startswith("kubectl-")
    cli(prog_name="kubectl agentops" if plugin else "agentops")
