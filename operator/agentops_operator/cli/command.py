"""Commands whose help ends in examples and exit codes."""

from collections.abc import Sequence
from typing import Any

import click

from agentops_operator.cli import exits


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
    """A group of commands with examples."""

    def __init__(self, *args: Any, examples: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes examples and exit codes below the list of commands."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


def _write_examples(examples: Sequence[str], formatter: click.HelpFormatter) -> None:
    # Lines as they are: wrapped ones could not be copied.
    with formatter.section("Examples"):
        for line in examples:
            formatter.write(f"  {line}\n")
    with formatter.section("Exit codes"):
        formatter.write_dl([(str(code), text) for code, text in exits.MEANING.items()])
