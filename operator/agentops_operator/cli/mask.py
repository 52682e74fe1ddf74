"""`agentops mask test`: what masking makes of a text, by the engine that runs in the pods."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import click

from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.types import AgentSpec
from agentops_operator.cli import exits, paths
from agentops_operator.cli.command import Command, Group
from agentops_operator.cli.manifests import STDIN, read
from agentops_operator.cli.options import cluster_options
from agentops_operator.cli.output import as_json, as_yaml, output_option
from agentops_operator.cli.standard_input import read_all
from agentops_operator.cli.world import world_of
from agentops_operator.kube.digest import canonical
from agentops_operator.kube.names import RULES_KEY
from agentops_operator.policies.masking.compile import merge_masking, rules_file
from agentops_operator.policies.masking.types import MaskingPolicySpec
from agentops_operator.policies.trace.types import Capture

BINARY = "agentops-mask"
VARIABLE = "AGENTOPS_MASK"
SECONDS = 30


@click.group(cls=Group, examples=("echo 'mail jane@example.com' | agentops mask test --policy masking.yaml",))
def mask() -> None:
    """Try masking rules."""


@mask.command(
    cls=Command,
    examples=(
        "echo 'mail jane@example.com' | agentops mask test --policy masking.yaml",
        "agentops mask test -n shop billing < prompt.txt",
        "agentops mask test --rules rules.v1.json -o json < prompt.txt",
    ),
)
@click.argument("agent", required=False)
@click.option("--policy", "policies", multiple=True, help="Manifest with MaskingPolicies; may be given again, all are merged.")
@click.option("--rules", type=click.Path(exists=True, dir_okay=False), help="Rules file, as sidecars read it.")
@cluster_options
@output_option()
def test(
    agent: str | None,
    policies: tuple[str, ...],
    rules: str | None,
    kubeconfig: str | None,
    context: str | None,
    namespace: str | None,
    output: str,
) -> None:
    """Mask a text from standard input and tell which detectors matched.

    Rules come from a MaskingPolicy in a file, from the AGENT's rules in the cluster, or from a rules file. The program
    agentops-mask does the work: the engine of the sidecars. It is taken from $AGENTOPS_MASK, from PATH or from build/bin.
    """
    if sum((bool(agent), bool(policies), bool(rules))) != 1:
        raise exits.Usage("give exactly one of AGENT, --policy and --rules")
    if STDIN in policies:
        raise exits.Usage("--policy must be a file: standard input is the text")
    text = read_all("text")
    if rules:
        content = Path(rules).read_bytes()
    elif agent:
        content = _of_agent(agent, kubeconfig, context, namespace).encode()
    else:
        content = of_policies(policies).encode()
    answer = run(content, text)
    match output:
        case "json":
            click.echo(as_json(answer))
        case "yaml":
            click.echo(as_yaml(answer), nl=False)
        case _:
            _print(answer)


def of_policies(files: tuple[str, ...]) -> str:
    """The rules file that these policies make, all of them merged."""
    documents, faults = read(files)
    if faults:
        raise exits.Usage(f"{faults[0].file}:{faults[0].position.line}: {faults[0].error}")
    world = world_of(documents, "agentops-system", "default")
    if world.invalid:
        raise exits.Usage(f"{world.invalid[0].key}: {world.invalid[0].error}")
    specs = [policy.spec for policy in world.policies if isinstance(policy.spec, MaskingPolicySpec)]
    if not specs:
        raise exits.Usage(f"no MaskingPolicy in {', '.join(files)}")
    return canonical(rules_file(merge_masking(specs), Capture.MASKED))


def _of_agent(agent: str, kubeconfig: str | None, context: str | None, namespace: str | None) -> str:
    from agentops_operator.agent.compile import rules_name  # heavy, like the client below; the other ways need neither
    from agentops_operator.cli.cluster import connect

    cluster = connect(kubeconfig, context, namespace)
    name = rules_name(Resource(Key("Agent", cluster.namespace, agent), "", 0, "", AgentSpec()))
    found = cluster.readable(paths.core("configmaps", cluster.namespace, name))
    if not found:
        raise exits.Usage(f"Agent {cluster.namespace}/{agent} has no rules yet, or you may not read ConfigMap {name}")
    return str(found["data"][RULES_KEY])


def run(rules: bytes, text: bytes) -> dict[str, Any]:
    """The engine's answer: masked text and matches.

    Raises:
        Usage: the engine refuses the rules or the text, or cannot be started.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / RULES_KEY
        file.write_bytes(rules)
        command = [program(), "text", "-o", "json", "--rules", str(file)]
        try:
            done = subprocess.run(command, input=text, capture_output=True, check=False, timeout=SECONDS)
            answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        except subprocess.TimeoutExpired as error:
            raise exits.Usage(f"{BINARY} did not answer in {SECONDS} seconds: give it less text") from error
        except (OSError, ValueError) as error:
            raise exits.Usage(f"{command[0]} is not {BINARY}: {error}") from error
    if done.returncode != 0:
        raise exits.Usage(f"{BINARY}: {done.stderr.decode(errors='replace').strip().replace(f'{folder}/', '')}")
    return answer


def program() -> str:
    """Path of the engine's program."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    built = Path("build/bin") / BINARY
    found = shutil.which(BINARY) or (str(built.resolve()) if built.is_file() else None)
    if found is None:
        raise exits.Usage(f"{BINARY} is not on PATH: install it, set {VARIABLE}, or build it with `make binaries`")
    return found


def _print(answer: dict[str, Any]) -> None:
    if answer.get("drop"):
        click.echo("[DROPPED]")
    else:
        click.echo(answer["text"], nl=not answer["text"].endswith("\n"))
    actions = {hit["detector"]: hit["action"] for hit in answer.get("matches") or []}
    for hit in answer.get("hits") or []:
        click.echo(f"{hit['detector']:40} {actions.get(hit['detector'], ''):8} {hit['count']}", err=True)
    if not answer.get("hits"):
        click.echo("no detector matched", err=True)
