"""Options that several commands share."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from agentops_operator.agent.facts import Settings
from agentops_operator.api.money import DOLLARS

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

operator_namespace_option = click.option(
    "--operator-namespace",
    default=Settings.operator_namespace,
    show_default=True,
    help="Namespace of the operator; policies there are platform policies.",
)
namespace_option = click.option(
    "-n", "--namespace", default="default", show_default=True, help="Namespace of manifests that name none."
)


class Usd(click.ParamType[str]):
    """More than nothing, as the API takes it: at most six digits behind the point."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The amount as it was written."""
        if not (re.fullmatch(DOLLARS, value) and re.search("[1-9]", value)):
            self.fail(f"{value} is no amount of USD such as 0.50", param, ctx)
        return value


def decision_options(function: FunctionT) -> FunctionT:
    """What every decision on a held run may carry."""
    note = click.option("--note", default="", help="Why, for those who read it later; at most 256 characters.")
    wait = click.option(
        "--wait", type=click.IntRange(0, 600), default=30, show_default=True, help="Seconds until the gateway must have taken it."
    )
    return note(wait(function))


def cluster_options(function: FunctionT) -> FunctionT:
    """`--kubeconfig`, `--context` and `-n`, with the meaning that they have for kubectl."""
    options = (
        click.option(
            "--kubeconfig", type=click.Path(exists=True, dir_okay=False), help="Kubeconfig file; $KUBECONFIG when not given."
        ),
        click.option("--context", help="Context of the kubeconfig; its current one when not given."),
        click.option("-n", "--namespace", help="Namespace; that of the context when not given."),
    )
    for option in reversed(options):
        function = option(function)
    return function
