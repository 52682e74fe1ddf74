"""`python -m agentops_operator.generate [--check]`."""

import sys
from pathlib import Path

import click

from agentops_operator.generate.files import differences, write

REPOSITORY = Path(__file__).parents[3]


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; fail when a file on disk is not what would be written.")
@click.option(
    "--root",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=REPOSITORY,
    help="Repository to write to; that of this package when not given.",
)
def main(check: bool, root: Path) -> None:
    """Write CRDs, permissions and reference pages, or check that they are up to date."""
    lines = differences(root) if check else write(root)
    for line in lines:
        click.echo(line)
    if check and lines:
        click.echo("Run `make generate`.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
