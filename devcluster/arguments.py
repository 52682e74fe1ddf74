"""The commands and their options, with examples."""

from __future__ import annotations

import argparse
from typing import TypeAlias

from devcluster.paths import DEFAULT_NAME, NAME_VARIABLE

PASSED_ON = ("kubectl", "helm")
EXAMPLES = """examples:
  python3 -m devcluster up                              start the cluster (a second start takes seconds)
  python3 -m devcluster up --kubeconfig ~/.kube/test    use a cluster you already have
  eval "$(python3 -m devcluster env)"                   kubectl and helm of this cluster in your shell
  python3 -m devcluster kubectl get pods -A
  python3 -m devcluster image build --target operator --tag agentops-operator:dev
  python3 -m devcluster image load agentops-operator:dev
  python3 -m devcluster status                          exit code 0 only when ready
  python3 -m devcluster down                            leaves nothing behind but the cache
"""
UP_EXAMPLES = """layers, the first that is possible:
  1. the kubeconfig named by --kubeconfig or AGENTOPS_KUBECONFIG (never another one)
  2. kind, when a Docker engine answers and kind is installed
  3. our own single node: Linux, root; what it needs is named and installed from Debian

examples:
  python3 -m devcluster up
  python3 -m devcluster up --name second
"""
IMAGE_EXAMPLES = """examples:
  python3 -m devcluster image base
  python3 -m devcluster image build --file Dockerfile --target operator --tag agentops-operator:dev --key "$(git rev-parse HEAD)"
  python3 -m devcluster image build --tag sidecar:dev --build-arg VERSION=dev --context dataplane
  python3 -m devcluster image load agentops-operator:dev
"""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """Return our own arguments and those for kubectl or helm: these may begin with a dash."""
    for index, word in enumerate(words):
        if word in PASSED_ON:
            return words[: index + 1], words[index + 1 :]
    return words, []


def parser() -> argparse.ArgumentParser:
    """Return the command line parser."""
    root = _described(argparse.ArgumentParser, "A real single-node Kubernetes for the demo and the tests.", EXAMPLES)
    root.prog = "python3 -m devcluster"
    root.add_argument("--name", default=DEFAULT_NAME, help=f"which cluster (default: ${NAME_VARIABLE}, now {DEFAULT_NAME})")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = _command(commands, "up", "start the cluster, or say that it is ready", UP_EXAMPLES)
    up.add_argument("--kubeconfig", metavar="FILE", help="use this cluster instead of starting one")
    _command(commands, "down", "remove the cluster and every trace of it")
    _command(commands, "status", "say what runs; exit code 0 only when ready")
    _command(commands, "build", "only build the programs into the cache")
    switch = _command(commands, "network-policy", "enforce NetworkPolicies on our own node, or stop that")
    switch.add_argument("switch", choices=("on", "off"))
    _image(_command(commands, "image", "build images and load them into the cluster", IMAGE_EXAMPLES))
    _command(commands, "env", 'print shell exports: eval "$(python3 -m devcluster env)"')
    for program in PASSED_ON:
        _command(commands, program, f"run {program} on this cluster; all that follows is passed on")
    return root


def _image(image: argparse.ArgumentParser) -> None:
    actions = image.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = _command(actions, "build", "build an image from a Dockerfile", IMAGE_EXAMPLES)
    build.add_argument("--file", default="Dockerfile", help="default: Dockerfile")
    build.add_argument("--target", help="stage of the Dockerfile (default: the last)")
    build.add_argument("--tag", required=True, metavar="NAME:TAG")
    build.add_argument("--build-arg", action="append", default=[], metavar="K=V", help="may be repeated")
    build.add_argument("--build-context", action="append", default=[], metavar="NAME=DIR", help="may be repeated")
    build.add_argument("--context", default=".", help="directory the Dockerfile copies from (default: .)")
    build.add_argument("--key", help="digest of the inputs: with the key of the last build nothing is built")
    load = _command(actions, "load", "make a built image available to pods", IMAGE_EXAMPLES)
    load.add_argument("tag", metavar="NAME:TAG")
    _command(actions, "base", "build the local base image for `ARG BASE`", IMAGE_EXAMPLES)


def _command(commands: Commands, name: str, text: str, examples: str | None = None) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=text, description=text, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # Also after the command; no default here, it would overwrite a --name before the command.
    command.add_argument("--name", default=argparse.SUPPRESS, help="which cluster")
    return command


def _described(kind: type[argparse.ArgumentParser], text: str, examples: str) -> argparse.ArgumentParser:
    return kind(description=text, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter)
