"""Which programs are built, from what, and the key under which each is cached."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError
from devcluster.paths import TOOLS, cache_root

if TYPE_CHECKING:
    from pathlib import Path

STRIP = ("-s", "-w")
K8S_STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


@dataclass(frozen=True)
class Program:
    """One link step of the Go compiler."""

    name: str
    """File name of the result."""
    package: str
    """Import path or folder below tools/."""
    module: str
    """The module whose pinned version this program has."""
    purpose: str
    """Said to the user while the build runs."""
    links: tuple[str, ...] = ()
    """Names under which a program with several commands is started."""
    stamped: tuple[str, ...] = ()
    """Variables that receive the version; without them the program reports v0.0.0."""
    folder: str = ""
    """Folder below tools/ with a module of its own; empty for the module of all others."""

    @property
    def directory(self) -> Path:
        """Where its go.mod stands."""
        return TOOLS / self.folder

    def flags(self) -> str:
        """Return the linker flags."""
        return " ".join([*STRIP, *(f"-X {line}" for line in stamps(self))])

    def path(self) -> Path:
        """Return where the built program is cached."""
        return cache_root() / "programs" / self.name / key(self) / self.name


PROGRAMS = (
    Program(
        name="kubernetes",
        package="./kubernetes",
        module="k8s.io/kubernetes",
        purpose="API server, controllers, scheduler, kubelet, kube-proxy, kubectl",
        links=(
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet",
            "kube-proxy",
            "kubectl",
        ),
        stamped=K8S_STAMPED,
    ),
    Program("etcd", "./etcd", "go.etcd.io/etcd/server/v3", "store of the API server"),
    Program("pause", "./pause", "", "first process of each pod"),
    Program("coredns", "./coredns", "github.com/coredns/coredns", "cluster DNS"),
    Program(
        "helm",
        "helm.sh/helm/v3/cmd/helm",
        "helm.sh/helm/v3",
        "installs the chart",
        stamped=("helm.sh/helm/v3/internal/version.version",),
    ),
)


NETWORK_POLICY = Program(
    name="network-policy",
    package=".",
    module="github.com/cloudnativelabs/kube-router/v2",
    purpose="enforces NetworkPolicies, while it is switched on",
    folder="netpol",
)
"""Not among the others, since only some tests need it: nobody else should wait for its build."""


def version(module: str, go_mod: str | None = None) -> str:
    """Return the pinned version of a module."""
    text = (TOOLS / "go.mod").read_text() if go_mod is None else go_mod
    found = re.search(rf"^\s*{re.escape(module)} (v\S+)", text, re.MULTILINE)
    if not found:
        raise DevclusterError(f"tools/go.mod pins no version of {module}")
    return found.group(1)


def stamps(program: Program) -> list[str]:
    """Return the `variable=value` pairs the linker sets."""
    if not program.stamped:
        return []
    full = version(program.module)
    if program.stamped != K8S_STAMPED:
        return [f"{variable}={full}" for variable in program.stamped]
    major, minor, _ = full.removeprefix("v").split(".", 2)
    values = {"gitVersion": full, "gitMajor": major, "gitMinor": minor}
    return [f"{package}.{name}={value}" for package in program.stamped for name, value in values.items()]


def key(program: Program) -> str:
    """Return the cache key: it changes with the pinned modules, our own source and the flags."""
    digest = hashlib.sha256(program.flags().encode())
    for source in _sources(program):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def key_of_all(programs: tuple[Program, ...]) -> str:
    """Return the key of a set of programs: the name of their common bin directory."""
    return hashlib.sha256("".join(key(program) for program in programs).encode()).hexdigest()[:16]


def bin_dir() -> Path:
    """Return the directory with kubectl, helm and the other programs (empty before the first build)."""
    return cache_root() / "bin" / key_of_all(PROGRAMS)


def _sources(program: Program) -> list[Path]:
    here = program.directory
    own = sorted((here / program.package).glob("*.go")) if program.package.startswith(".") else []
    return [here / "go.mod", here / "go.sum", *own]
