"""`agentops validate`: what is wrong with manifests, before they are applied."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click

from agentops_operator.api.kind import GROUP
from agentops_operator.cli import exits
from agentops_operator.cli.check_schema import check_document, is_ours, unreadable
from agentops_operator.cli.check_world import check_world, duplicates
from agentops_operator.cli.command import Command
from agentops_operator.cli.finding import Finding, Level
from agentops_operator.cli.manifests import STDIN, STDIN_NAME, read
from agentops_operator.cli.options import namespace_option, operator_namespace_option
from agentops_operator.cli.output import FORMATS, as_json, as_yaml, output_option, paint
from agentops_operator.cli.position import Position
from agentops_operator.cli.sarif import sarif
from agentops_operator.cli.world import world_of

UNCHECKED = (
    "admission policies and quotas of the cluster",
    "what refers to objects that are not in these manifests",
)
COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow"}


@dataclass(frozen=True)
class Examined:
    """What became of the manifests: findings by place, what only the API server checks, and how many objects were ours."""

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]
    checked: int

    def counts(self, level: Level) -> int:
        """Findings of a level."""
        return sum(item.level is level for item in self.findings)


@click.command(
    cls=Command,
    examples=(
        "agentops validate deploy/",
        "kubectl kustomize overlays/prod | agentops validate -",
        "agentops validate deploy/ -o sarif > findings.sarif",
    ),
)
@click.argument("paths", nargs=-1, required=True)
@operator_namespace_option
@namespace_option
@output_option((*FORMATS, "sarif"))
@click.option("--strict", is_flag=True, help="Warnings count as findings in the exit code.")
def validate(paths: tuple[str, ...], operator_namespace: str, namespace: str, output: str, strict: bool) -> None:
    """Check manifests without a cluster: schema, rules, conflicts, selectors, bypasses.

    PATHS are files, folders, or - for standard input, for example the output of Kustomize or Helm. Objects of other
    kinds may stand among them: workloads are used to tell what an Agent matches.
    """
    examined = examine(paths, operator_namespace, namespace)
    match output:
        case "json":
            click.echo(as_json(_report(examined)))
        case "yaml":
            click.echo(as_yaml(_report(examined)), nl=False)
        case "sarif":
            click.echo(as_json(sarif(examined.findings, examined.unchecked)))
        case _:
            _print(examined)
    failed = examined.counts(Level.ERROR) or (strict and examined.findings)
    sys.exit(exits.FINDINGS if failed else exits.OK)


def examine(paths: Sequence[str], operator_namespace: str, namespace: str) -> Examined:
    """Checks everything that these files and folders hold."""
    documents, faults = read(paths)
    findings, unsure = unreadable(faults), []
    for document in documents:
        found, left = check_document(document)
        findings += found
        unsure += left
    findings += duplicates(documents, namespace)
    wrong = {(item.file, item.object) for item in findings}
    across = check_world(world_of(documents, operator_namespace, namespace))
    # An object with a wrong field is told that first: what follows from the wrong field would only hide it.
    findings += [item for item in across if (item.file, item.object) not in wrong]
    checked = sum(map(is_ours, documents))
    if not checked and not findings:
        findings.append(_nothing(paths[0]))
    return Examined(tuple(sorted(findings, key=lambda item: item.order)), (*unsure, *UNCHECKED), checked)


def _nothing(path: str) -> Finding:
    """Manifests that never came would pass every check."""
    file = STDIN_NAME if path == STDIN else path
    message, mend = f"no object of {GROUP} is in these manifests", "see whether they are the right ones"
    return Finding("no-objects", Level.WARNING, file, Position(), "", "", "", message, mend)


def _report(examined: Examined) -> dict[str, object]:
    return {
        "checked": examined.checked,
        "findings": [_flat(item) for item in examined.findings],
        "unchecked": list(examined.unchecked),
    }


def _flat(item: Finding) -> dict[str, object]:
    flat: dict[str, object] = {**asdict(item), **asdict(item.position), "level": str(item.level)}
    return {name: value for name, value in flat.items() if name != "position"}


def _print(examined: Examined) -> None:
    for item in examined.findings:
        place = f"{item.file}:{item.position.line}:{item.position.column}"
        subject = f"{item.object}: " if item.object else ""
        click.echo(f"{place}: {paint(str(item.level), COLOURS[item.level], bold=True)}: {subject}{item.text} [{item.rule}]")
    errors, warnings = examined.counts(Level.ERROR), examined.counts(Level.WARNING)
    click.echo(f"objects: {examined.checked}, errors: {errors}, warnings: {warnings}")
    click.echo("Only the API server checks: " + "; ".join(examined.unchecked) + ".", err=True)
