"""Command line of the local cluster."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import base_image, images, status, teardown
from devcluster.arguments import PASSED_ON, parser, split
from devcluster.binaries import NETWORK_POLICY, bin_dir
from devcluster.build import build
from devcluster.errors import DevclusterError
from devcluster.node import netpol
from devcluster.paths import Cluster
from devcluster.recipe import Recipe
from devcluster.up import ensure_up

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    own, passed = split(sys.argv[1:] if arguments is None else list(arguments))
    options = parser().parse_args(own)
    options.passed = passed
    try:
        return COMMANDS[options.command](options)
    except DevclusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # `status | head` is no error; without this line Python complains once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("interrupted; `down` removes what was started", file=sys.stderr)
        return 130


def shell_environment(cluster: Cluster, directory: Path, path: str) -> dict[str, str]:
    """Return the variables that make kubectl and helm work on this cluster."""
    return {
        "PATH": f"{directory}:{path}",
        "KUBECONFIG": str(cluster.kubeconfig),
    }


def _up(options: argparse.Namespace) -> int:
    cluster = ensure_up(options.name, options.kubeconfig)
    print(cluster.kubeconfig)
    return 0


def _down(options: argparse.Namespace) -> int:
    teardown.down(options.name)
    return 0


def _status(options: argparse.Namespace) -> int:
    cluster = Cluster(options.name)
    print("\n".join(status.report(cluster)), flush=True)
    return 0 if status.ready(cluster) else 1


def _build(_options: argparse.Namespace) -> int:
    build()
    build((NETWORK_POLICY,))
    print(bin_dir())
    return 0


def _network_policy(options: argparse.Namespace) -> int:
    SWITCH[options.switch](Cluster(options.name))
    return 0


def _image(options: argparse.Namespace) -> int:
    return IMAGE_COMMANDS[options.action](options)


def _image_build(options: argparse.Namespace) -> int:
    images.build(
        Recipe(
            file=Path(options.file),
            context=Path(options.context),
            target=options.target,
            tag=options.tag,
            arguments=tuple(options.build_arg),
            contexts=tuple(options.build_context),
            key=options.key,
        )
    )
    return 0


def _image_load(options: argparse.Namespace) -> int:
    images.load(Cluster(options.name), options.tag)
    return 0


def _image_base(_options: argparse.Namespace) -> int:
    print(base_image.ensure())
    return 0


def _pass_on(options: argparse.Namespace) -> int:
    build()
    variables = shell_environment(Cluster(options.name), bin_dir(), os.environ.get("PATH", ""))
    command = [str(bin_dir() / options.command), *options.passed]
    return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode


def _env(options: argparse.Namespace) -> int:
    print(exports(shell_environment(Cluster(options.name), bin_dir(), "$PATH")))
    return 0


def exports(variables: Mapping[str, str]) -> str:
    """Return the lines for `eval`."""
    quoted = {name: shlex.quote(value).replace("$PATH", "'\"$PATH\"'") for name, value in variables.items()}
    return "\n".join(f"export {name}={value}" for name, value in quoted.items())


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "build": _build,
    "network-policy": _network_policy,
    "image": _image,
    "env": _env,
    **dict.fromkeys(PASSED_ON, _pass_on),
}
SWITCH: dict[str, Callable[[Cluster], None]] = {"on": netpol.start, "off": netpol.stop}
IMAGE_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "build": _image_build,
    "load": _image_load,
    "base": _image_base,
}
