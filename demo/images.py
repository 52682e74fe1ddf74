"""The images of the product: built from the Dockerfile that users get, and loaded into the local cluster."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devcluster import images
from devcluster.commands import run
from devcluster.golang import compiler
from devcluster.packages import install
from devcluster.paths import Cluster
from devcluster.progress import step
from devcluster.recipe import Recipe

ROOT = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"
STORE_PROGRAM = "/usr/bin/redis-server"
PROMETHEUS = ("prometheus", "promtool")
PROGRAMS = {
    "agentops-collector": "./collector",
    "agentops-gateway": "./cmd/agentops-gateway",
    "agentops-mask": "./cmd/agentops-mask",
}


@dataclass(frozen=True)
class Image:
    """One stage of the Dockerfile and the files that it is made from."""

    name: str
    target: str
    inputs: tuple[str, ...]
    dockerfile: str = "Dockerfile"

    @property
    def tag(self) -> str:
        """Name and version."""
        return f"{self.name}:{VERSION}"


IMAGES = (
    Image("agentops/collector", "collector", ("Dockerfile", "build/bin/agentops-collector")),
    Image("agentops/gateway", "gateway", ("Dockerfile", "build/bin/agentops-gateway")),
    Image(
        "agentops/operator",
        "operator",
        ("Dockerfile", "pyproject.toml", "requirements.lock", "operator/agentops_operator", "build/bin/agentops-mask"),
    ),
    Image(
        "agentops/evals",
        "evals",
        (
            "Dockerfile",
            "requirements-evals.lock",
            "operator/agentops_evals",
            "operator/agentops_operator/api",
            "operator/agentops_operator/kube",
            "operator/agentops_operator/policies",
            "build/bin/agentops-mask",
        ),
    ),
)

STORE = Image("agentops/store", "store", ("demo/Dockerfile", "build/demo/store"), "demo/Dockerfile")
"""The gateway's state store, where no registry has Valkey."""

DEMO_IMAGES = (
    Image(
        "agentops/demo",
        "demo",
        ("demo/Dockerfile", "demo/__init__.py", "demo/agent", "demo/caller", "demo/fake_provider", "demo/prometheus"),
        "demo/Dockerfile",
    ),
    Image(
        "agentops/prometheus",
        "prometheus",
        ("demo/Dockerfile", "build/demo/prometheus", "build/demo/promtool"),
        "demo/Dockerfile",
    ),
)
"""What stands around the product in the demo: agent, provider and reloader in one image, and Prometheus as Debian ships it."""


def collect_prometheus() -> None:
    """Copies Debian's Prometheus to where its image is made from, and installs it before where it is missing."""
    install(dict.fromkeys(PROMETHEUS, "prometheus"))
    target = ROOT / "build" / "demo"
    target.mkdir(parents=True, exist_ok=True)
    for name in PROMETHEUS:
        shutil.copy2(Path("/usr/bin") / name, target / name)


def collect_store() -> None:
    """Copies Debian's Redis, and the libraries that it is linked to, to where its image is made from."""
    install({STORE_PROGRAM: "redis-server"})
    target = ROOT / "build" / "demo" / "store"
    for library in _linked(STORE_PROGRAM):
        _copy(library, target / library.relative_to("/"))
    _copy(Path(STORE_PROGRAM), target / "usr" / "bin" / "redis-server")


def _linked(program: str) -> list[Path]:
    """The loader and the shared libraries of a program, by the paths under which they are looked for."""
    return [Path(word) for word in run(["ldd", program]).split() if word.startswith("/")]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def build_programs(names: Iterable[str] = tuple(PROGRAMS)) -> None:
    """Compiles the data plane's static binaries; Go's own cache makes a second run take seconds."""
    target = ROOT / "build" / "bin"
    target.mkdir(parents=True, exist_ok=True)
    go = compiler()
    for name in names:
        with step(f"compiling {name}"):
            # Without commit stamps equal sources give equal bytes, and images stay as they are.
            flags = ["-trimpath", "-buildvcs=false", f"-ldflags=-s -w -X main.version={VERSION}"]
            command: list[str | Path] = [go, "build", *flags, "-o", target / name, PROGRAMS[name]]
            run(command, cwd=ROOT / "dataplane", env={**os.environ, "CGO_ENABLED": "0"})


def build_and_load(cluster: Cluster, wanted: tuple[Image, ...] = IMAGES) -> None:
    """Builds each image whose inputs changed, and loads it into the cluster."""
    for image in wanted:
        recipe = Recipe(
            file=ROOT / image.dockerfile,
            context=ROOT,
            tag=image.tag,
            target=image.target,
            key=inputs_digest(image.inputs),
        )
        images.build(recipe)
        images.load(cluster, image.tag)


def inputs_digest(inputs: tuple[str, ...]) -> str:
    """Digest of names and contents of all files that an image is made from."""
    state = hashlib.sha256()
    for path in _files(inputs):
        state.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def _files(inputs: tuple[str, ...]) -> Iterator[Path]:
    for name in inputs:
        path = ROOT / name
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (item for item in found if item.is_file() and "__pycache__" not in item.parts)
