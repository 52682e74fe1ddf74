"""`agentops version` and `agentops completion`."""

import click
from click.shell_completion import get_completion_class

from agentops_operator import __version__
from agentops_operator.api.kind import API_VERSION
from agentops_operator.cli.command import Command
from agentops_operator.cli.output import as_json, as_yaml, output_option

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command, examples=("agentops version", "agentops version -o json"))
@output_option()
def version(output: str) -> None:
    """Show the version of this program and of the API that it knows."""
    known = {"version": __version__, "api": API_VERSION}
    match output:
        case "json":
            click.echo(as_json(known))
        case "yaml":
            click.echo(as_yaml(known), nl=False)
        case _:
            click.echo(f"agentops {__version__} (API {API_VERSION})")


@click.command(
    cls=Command,
    examples=(
        'eval "$(agentops completion bash)"     # in ~/.bashrc',
        'eval "$(agentops completion zsh)"      # in ~/.zshrc',
        "agentops completion fish > ~/.config/fish/completions/agentops.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Write the script that completes commands and options in SHELL."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} is not known")
    root = ctx.find_root().command
    click.echo(kind(root, {}, "agentops", "_AGENTOPS_COMPLETE").source())
