"""`agentops run`: runs that wait for a person, and the decision on them."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.holds.types import Verb
from agentops_operator.cli import exits, paths
from agentops_operator.cli.command import Command, Group
from agentops_operator.cli.decide import find, read_holds, settled
from agentops_operator.cli.history import read
from agentops_operator.cli.holds import report, table, tree, waits
from agentops_operator.cli.options import Usd, cluster_options, decision_options
from agentops_operator.cli.output import as_json, as_yaml, output_option
from agentops_operator.cli.tree import lines

if TYPE_CHECKING:
    from agentops_operator.cli.cluster import Cluster


@click.group(
    cls=Group,
    examples=(
        "agentops run list -A",
        "agentops run show order-4711 -n shop",
        "agentops run resume order-4711 -n shop --steps 10",
    ),
)
def run() -> None:
    """Show runs that wait for a person, and decide on them."""


@run.command(
    "list", cls=Command, examples=("agentops run list -n shop", "agentops run list -A -o json", "agentops run list --all")
)
@cluster_options
@click.option("-A", "--all-namespaces", is_flag=True, help="Runs of all namespaces.")
@click.option("--all", "every", is_flag=True, help="Show those that are over, too.")
@output_option()
def list_runs(
    kubeconfig: str | None, context: str | None, namespace: str | None, all_namespaces: bool, every: bool, output: str
) -> None:
    """List runs that wait for a person, or that one took over.

    Exits with 1 when there is one.
    """
    cluster = _connect(kubeconfig, context, namespace)
    found = [report(body) for body in read_holds(cluster, "" if all_namespaces else cluster.namespace)]
    shown = [one for one in found if every or waits(one)]
    if output == "text":
        click.echo("\n".join(table(shown)) if shown else "No run waits.")
    else:
        _dump({"runs": shown}, output)
    sys.exit(exits.FINDINGS if any(map(waits, found)) else exits.OK)


@run.command(
    cls=Command,
    examples=(
        "agentops run show order-4711 -n shop",
        "agentops run show billing-3f9c2ab1d04e77a5 -n shop -o yaml",
        "kubectl port-forward -n agentops-system service/agentops-relay 4320 &",
        "agentops run show order-4711 -n shop --relay http://127.0.0.1:4320",
    ),
)
@click.argument("name")
@click.option("--relay", envvar="AGENTOPS_RELAY_API", help="Address of the relay's API: shows the run's history, too.")
@click.option("--account", default="default", show_default=True, help="Service account of the namespace that reads the history.")
@cluster_options
@output_option()
def show(name: str, relay: str | None, account: str, output: str, **where: str | None) -> None:
    """Show one held run: why, what it cost, and what was decided. NAME is the RunHold's or the run's.

    Exits with 1 while it waits.
    """
    cluster = _connect(**where)
    told = report(find(cluster, name))
    if relay:
        told["history"] = read(relay, cluster.token(told["namespace"], account), told["namespace"], told["agent"], told["run"])
    _print(told, output)
    sys.exit(exits.FINDINGS if waits(told) else exits.OK)


@run.command(
    cls=Command,
    examples=(
        "agentops run resume order-4711 -n shop --steps 10",
        "agentops run resume order-4711 -n shop --usd 0.50 --note 'a large order'",
    ),
)
@click.argument("name")
@click.option("--steps", type=click.IntRange(1), help="More model calls.")
@click.option("--tokens", type=click.IntRange(1), help="More tokens.")
@click.option("--usd", type=Usd(), help="More cost, in USD, such as 0.50.")
@click.option("--seconds", type=click.IntRange(1), help="More wall clock.")
@decision_options
@cluster_options
@output_option()
def resume(name: str, steps: int | None, tokens: int | None, usd: str | None, seconds: int | None, **rest: Any) -> None:
    """Let a held run go on, with more of what it may use. NAME is the RunHold's or the run's."""
    more = {"steps": steps, "tokens": tokens, "usd": usd, "seconds": seconds}
    given = {field: value for field, value in more.items() if value is not None}
    _decide(name, {"verb": str(Verb.RESUME), **({"more": given} if given else {})}, **rest)


@run.command(cls=Command, examples=("agentops run takeover order-4711 -n shop", "agentops run resume order-4711 -n shop"))
@click.argument("name")
@decision_options
@cluster_options
@output_option()
def takeover(name: str, **rest: Any) -> None:
    """Work in the agent's place. Its calls are answered by takeOver.model of the Agent, or refused; resume gives it back."""
    _decide(name, {"verb": str(Verb.TAKE_OVER)}, **rest)


@run.command(cls=Command, examples=("agentops run cancel order-4711 -n shop --note 'wrong address'",))
@click.argument("name")
@decision_options
@cluster_options
@output_option()
def cancel(name: str, **rest: Any) -> None:
    """End a held run for good: every further call of it is refused."""
    _decide(name, {"verb": str(Verb.CANCEL)}, **rest)


def _connect(kubeconfig: str | None, context: str | None, namespace: str | None) -> "Cluster":
    from agentops_operator.cli.cluster import connect  # the client library takes a second to load

    return connect(kubeconfig, context, namespace)


def _decide(
    name: str,
    decision: dict[str, Any],
    *,
    note: str,
    wait: int,
    kubeconfig: str | None,
    context: str | None,
    namespace: str | None,
    output: str,
) -> None:
    """Writes the decision and waits until the gateway took it."""
    cluster = _connect(kubeconfig, context, namespace)
    body = find(cluster, name)
    wanted = {**decision, "by": cluster.whoami(), **({"note": note} if note else {})}
    path = paths.ours(RUN_HOLD.kind, cluster.namespace, body["metadata"]["name"])
    cluster.patch(path, {"spec": {"decision": {"more": None, "note": None, **wanted}}})
    told = settled(cluster, path, wait)
    _print(told, output)
    states = {one["type"]: one["status"] for one in told["conditions"]}
    sys.exit(exits.OK if wait == 0 or states["Programmed"] == states["Accepted"] == "True" else exits.FINDINGS)


def _print(told: Mapping[str, Any], output: str) -> None:
    if output == "text":
        for line in lines(tree(told, told.get("history", ()))):
            click.echo(line)
    else:
        _dump(told, output)


def _dump(value: Mapping[str, Any], output: str) -> None:
    click.echo(as_json(value) if output == "json" else as_yaml(value), nl=output == "json")
