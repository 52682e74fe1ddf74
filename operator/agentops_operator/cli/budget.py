"""`agentops budget`: what budgets allow, what of them is used, and whether they are in force."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.cli import exits, paths
from agentops_operator.cli.command import Command
from agentops_operator.cli.options import cluster_options
from agentops_operator.cli.output import as_json, as_yaml, output_option
from agentops_operator.cli.overview import MARKS, condition, said
from agentops_operator.cli.tree import Branch, lines
from agentops_operator.policies.budget.compile import describe
from agentops_operator.policies.budget.kind import BUDGET
from agentops_operator.policies.budget.types import BudgetSpec, Scope
from agentops_operator.runtime.parse import parse

if TYPE_CHECKING:
    from agentops_operator.cli.cluster import Cluster

FOR_EACH = {
    Scope.AGENT: "for each Agent",
    Scope.SHARED: "for all Agents together",
    Scope.TEAM: "for each team",
    Scope.USE_CASE: "for each use case",
    Scope.END_USER: "for each end user of an Agent",
}
FULL = 100


@click.command(
    cls=Command,
    examples=("agentops budget -n shop", "agentops budget daily -n shop -o json", "agentops budget -A"),
)
@click.argument("name", required=False)
@cluster_options
@click.option("-A", "--all-namespaces", is_flag=True, help="Budgets of all namespaces.")
@output_option()
def budget(
    name: str | None, kubeconfig: str | None, context: str | None, namespace: str | None, all_namespaces: bool, output: str
) -> None:
    """Show Budgets: the limit, who used most of it, the step that holds, and what was observed.

    Those of the platform that bind Agents of the namespace are among them.

    Exits with 1 when one is used up, or not observed to be in force.
    """
    from agentops_operator.cli.cluster import connect  # the client library takes a second to load

    cluster = connect(kubeconfig, context, namespace)
    reports = [report(body) for body in _read(cluster, name, everywhere=all_namespaces)]
    match output:
        case "json":
            click.echo(as_json({"budgets": reports}))
        case "yaml":
            click.echo(as_yaml({"budgets": reports}), nl=False)
        case _:
            for line in (line for one in reports for line in lines(tree(one))):
                click.echo(line)
            if not reports:
                click.echo("No Budget.")
    sound = all(one["enforced"]["status"] == "True" and (one["usedPercent"] or 0) < FULL for one in reports)
    sys.exit(exits.OK if sound else exits.FINDINGS)


def _read(cluster: "Cluster", name: str | None, *, everywhere: bool) -> list[dict[str, Any]]:
    namespace = "" if everywhere else cluster.namespace
    if name is not None:
        found = cluster.readable(paths.ours(BUDGET.kind, cluster.namespace, name))
        if not found:
            raise exits.Usage(f"Budget {cluster.namespace}/{name} does not exist, or you may not read it")
        return [found]
    bodies = cluster.readable_list(paths.ours(BUDGET.kind, namespace))
    if bodies is None:
        raise exits.Unreachable(f"your rights do not allow to list Budgets {f'in {namespace}' if namespace else 'everywhere'}")
    return bodies if everywhere else [*bodies, *_from_elsewhere(cluster)]


def _from_elsewhere(cluster: "Cluster") -> list[dict[str, Any]]:
    """The platform's Budgets that bind Agents of the namespace; one that the user may not read is named at least."""
    agents = cluster.readable_list(paths.ours(AGENT.kind, cluster.namespace)) or []
    refs = [ref for body in agents for ref in (body.get("status") or {}).get("policies") or [] if ref["kind"] == BUDGET.kind]
    found = []
    for namespace, name in sorted({(ref["namespace"], ref["name"]) for ref in refs if ref["namespace"] != cluster.namespace}):
        body = cluster.readable(paths.ours(BUDGET.kind, namespace, name))
        if body is None:
            click.echo(f"Budget {namespace}/{name} binds Agents here, too; your rights do not allow to read it", err=True)
        found += [body] if body else []
    return found


def report(body: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about one Budget, as data."""
    metadata, status = body["metadata"], body.get("status") or {}
    parsed = parse(BUDGET, body)
    spec = parsed.spec if isinstance(parsed, Resource) else None
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "allows": f"{describe(spec)} {FOR_EACH[spec.scope]}" if isinstance(spec, BudgetSpec) else "",
        "mode": str(spec.mode) if isinstance(spec, BudgetSpec) else "",
        "unit": str(spec.unit) if isinstance(spec, BudgetSpec) else "",
        "usedPercent": status.get("usedPercent"),
        "usage": status.get("usage") or [],
        "boundBy": status.get("boundBy") or [],
        "accepted": condition(body, "Accepted"),
        "enforced": condition(body, "Enforced"),
    }


def tree(told: Mapping[str, Any]) -> Branch:
    """The report of one Budget as a tree."""
    mode = ", Shadow: it refuses nothing" if told["mode"] == "Shadow" else ""
    used = [_used(entry, told["unit"]) for entry in told["usage"]]
    below = [Branch(f"Enforced: {said(told['enforced'])}", MARKS[told["enforced"]["status"]])]
    if told["accepted"]["status"] == "False":
        below.insert(0, Branch(f"Accepted: {said(told['accepted'])}", MARKS["False"]))
    if told["boundBy"]:
        below.append(Branch(f"reached before it: {', '.join(told['boundBy'])}"))
    below.append(Branch("used", below=tuple(used) or (Branch("nothing was counted yet", "?"),)))
    full = (told["usedPercent"] or 0) >= FULL
    mark = MARKS["False"] if full else MARKS[told["enforced"]["status"]]
    return Branch(f"Budget {told['namespace']}/{told['name']}  {told['allows']}{mode}", mark, tuple(below))


def _used(entry: Mapping[str, Any], unit: str) -> Branch:
    marks = [
        f"step {entry['step']}" if entry.get("step") else "",
        f"{entry['estimated']} of it estimated" if entry.get("estimated", "0") != "0" else "",
        f"{entry['unpriced']} calls of unknown cost" if entry.get("unpriced") else "",
        f"{entry['wouldDeny']} calls would have been refused" if entry.get("wouldDeny") else "",
    ]
    more = "".join(f", {mark}" for mark in marks if mark)
    return Branch(f"{entry['scope'] or 'all'}: {entry['used']} {unit} ({entry['percent']} %){more}")
