"""Options that several commands share."""

import click

from agentops_operator.agent.facts import Settings

operator_namespace_option = click.option(
    "--operator-namespace",
    default=Settings.operator_namespace,
    show_default=True,
    help="Namespace of the operator; policies there are platform policies.",
)
namespace_option = click.option(
    "-n", "--namespace", default="default", show_default=True, help="Namespace of manifests that name none."
)
