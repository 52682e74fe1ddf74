"""`agentops validate`: what is wrong with manifests, before they are applied."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from agentops_operator.cli import exits
from agentops_operator.cli.check_schema import check_document, unreadable
from agentops_operator.cli.check_world import check_world, duplicates
from agentops_operator.cli.command import Command
from agentops_operator.cli.finding import Finding, Level
from agentops_operator.cli.manifests import read
from agentops_operator.cli.options import namespace_option, operator_namespace_option
from agentops_operator.cli.output import FORMATS, as_json, as_yaml, output_option, paint
from agentops_operator.cli.rules import SERVER_ONLY
from agentops_operator.cli.sarif import sarif
from agentops_operator.cli.world import world_of

UNCHECKED = (
    *SERVER_ONLY.values(),
    "admission policies and quotas of the cluster",
    "what refers to objects that are not in these manifests",
)
COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow"}


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
    findings, unchecked = examine(paths, operator_namespace, namespace)
    match output:
        case "json":
            click.echo(as_json(_report(findings, unchecked)))
        case "yaml":
            click.echo(as_yaml(_report(findings, unchecked)), nl=False)
        case "sarif":
            click.echo(as_json(sarif(findings, unchecked)))
        case _:
            _print(findings, unchecked)
    counted = findings if strict else [item for item in findings if item.level is Level.ERROR]
    sys.exit(exits.FINDINGS if counted else exits.OK)


def examine(paths: Sequence[str], operator_namespace: str, namespace: str) -> tuple[list[Finding], list[str]]:
    """All findings, sorted by place, and what only the API server checks."""
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
    return sorted(findings, key=lambda item: item.order), [*unsure, *UNCHECKED]


def _report(findings: Sequence[Finding], unchecked: Sequence[str]) -> dict[str, object]:
    return {"findings": [_flat(item) for item in findings], "unchecked": list(unchecked)}


def _flat(item: Finding) -> dict[str, object]:
    flat: dict[str, object] = {**asdict(item), **asdict(item.position), "level": str(item.level)}
    return {name: value for name, value in flat.items() if name != "position"}


def _print(findings: Sequence[Finding], unchecked: Sequence[str]) -> None:
    for item in findings:
        place = f"{item.file}:{item.position.line}:{item.position.column}"
        subject = f"{item.object}: " if item.object else ""
        click.echo(f"{place}: {paint(str(item.level), COLOURS[item.level], bold=True)}: {subject}{item.text} [{item.rule}]")
    errors = sum(item.level is Level.ERROR for item in findings)
    click.echo(f"errors: {errors}, warnings: {len(findings) - errors}")
    click.echo("Only the API server checks: " + "; ".join(unchecked) + ".", err=True)
