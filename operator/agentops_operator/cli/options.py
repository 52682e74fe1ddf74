"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from agentops_operator.agent.facts import Settings

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
        click.option("--kubeconfig", type=click.Path(dir_okay=False), help="Kubeconfig file; $KUBECONFIG when not given."),
        click.option("--context", help="Context of the kubeconfig; its current one when not given."),
        click.option("-n", "--namespace", help="Namespace; that of the context when not given."),
    )
    for option in reversed(options):
        function = option(function)
    return function
