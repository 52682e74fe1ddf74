"""What a user pipes in."""

import sys

import click

from agentops_operator.cli.exits import Usage


def read_all(what: str = "manifests") -> bytes:
    """All of standard input; at a terminal it says what it waits for.

    Raises:
        Usage: there is none, as the shell closed it.
    """
    if sys.stdin is None:
        raise Usage("standard input is closed")
    if sys.stdin.isatty():
        click.echo(f"type the {what}, then Ctrl-D", err=True)
    return sys.stdin.buffer.read()
