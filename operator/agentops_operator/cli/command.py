"""Commands whose help ends in examples and exit codes."""

import errno
import os
import signal
from collections.abc import Sequence
from typing import Any

import click

from agentops_operator.cli import exits

LONGEST = 1000


class Command(click.Command):
    """A command with examples."""

    def __init__(self, *args: Any, examples: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes examples and exit codes below the options."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


class Group(click.Group):
    """A group of commands with examples; those that it lists are told in whole sentences."""

    def __init__(self, *args: Any, examples: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the first sentence of each command; click would cut it at the width of the terminal."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.commands[name].get_short_help_str(LONGEST)) for name in self.list_commands(ctx)])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes examples and exit codes below the list of commands."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


class Root(Group):
    """The program itself: what ends any command ends it in the same way."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command.

        Raises:
            Usage: a file cannot be read, or the output not be written.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # By the signal, and not by an exit code: else a loop of the shell around the command goes on.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # nobody reads on; click ends quietly
            raise exits.Usage(f"{error.filename or 'standard output'}: {error.strerror or error}") from error


def _write_examples(examples: Sequence[str], formatter: click.HelpFormatter) -> None:
    # Lines as they are: wrapped ones could not be copied.
    with formatter.section("Examples"):
        for line in examples:
            formatter.write(f"  {line}\n")
    with formatter.section("Exit codes"):
        formatter.write_dl([(str(code), text) for code, text in exits.MEANING.items()])
