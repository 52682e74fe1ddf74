"""Exit codes, the same for every command, and the errors that carry them."""

import click

OK = 0
FINDINGS = 1
USAGE = 2
UNREACHABLE = 3

MEANING = {
    OK: "ok",
    FINDINGS: "there are findings, or something is not in force",
    USAGE: "wrong usage",
    UNREACHABLE: "the cluster cannot be reached, or refuses the request",
}


class Usage(click.ClickException):
    """The command was given something that it cannot work with."""

    exit_code = USAGE


class Unreachable(click.ClickException):
    """The cluster does not answer, or refuses the request."""

    exit_code = UNREACHABLE
