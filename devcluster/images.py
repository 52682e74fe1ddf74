"""Build images without a Docker engine, and load them into the cluster."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster import base_image, record
from devcluster.buildah import buildah, pip_configuration
from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.locking import only_one
from devcluster.node import containerd
from devcluster.packages import IMAGES, install
from devcluster.paths import Cluster, cache_root
from devcluster.progress import say, step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PASSED_ARGUMENTS = ("GOPROXY", "GOFLAGS", "GONOSUMDB", "GOSUMDB", "GOPRIVATE")
"""Variables of the caller that a build needs to download modules; a Dockerfile declares them as ARG."""
AUTHORITIES = "/etc/ssl/certs"


@dataclass(frozen=True)
class Recipe:
    """Everything one image is built from."""

    file: Path
    context: Path
    tag: str
    target: str | None = None
    arguments: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    key: str | None = None
    """Digest of the inputs, computed by the caller; without one the image is built every time."""


def build(recipe: Recipe) -> None:
    """Build an image and keep it as an archive in the cache."""
    built = archive(recipe.tag)
    key_file = built.with_suffix(".key")
    if recipe.key and built.exists() and key_file.exists() and key_file.read_text() == recipe.key:
        say(f"image {recipe.tag}: unchanged")
        return
    install(IMAGES)
    with only_one(cache_root() / "locks" / "images", "building images"), step(f"building image {recipe.tag}"):
        key_file.unlink(missing_ok=True)
        base = base_image.ensure() if needs_base(recipe) else None
        run(command(recipe, base, os.environ))
        _export(recipe.tag, built)
        # The vfs driver keeps a whole copy of every layer of every replaced image.
        run([*buildah(), "rmi", "--prune"])
        key_file.write_text(recipe.key or "")


def load(cluster: Cluster, tag: str) -> None:
    """Make a built image available to the pods of a cluster."""
    built = archive(tag)
    if not built.exists():
        raise DevclusterError(f"{tag} was not built: python3 -m devcluster image build --tag {tag} ...")
    decided = record.read(cluster)
    if decided is None:
        raise DevclusterError(f"cluster {cluster.name} does not run: python3 -m devcluster up")
    if decided.layer == record.GIVEN:
        raise DevclusterError("push the image to a registry that your cluster reads; it is not ours to change")
    _load_once(cluster, decided.layer, tag, built)


def command(recipe: Recipe, base: str | None, environment: Mapping[str, str]) -> list[str]:
    """Return the command line of a build."""
    passed = [f"{name}={environment[name]}" for name in PASSED_ARGUMENTS if environment.get(name)]
    arguments = [*([f"BASE={base}"] if base else []), *passed, *recipe.arguments]
    return [
        *buildah(),
        "build",
        # No user namespaces and no network of its own: both need rights that a container lacks.
        *("--isolation", "chroot", "--network", "host", "--layers"),
        # Downloads fail behind a proxy with an authority of its own.
        *("--volume", f"{AUTHORITIES}:{AUTHORITIES}:ro"),
        *("--volume", f"{pip_configuration(environment)}:/etc/pip.conf:ro"),
        *(word for argument in arguments for word in ("--build-arg", argument)),
        *(word for context in recipe.contexts for word in ("--build-context", context)),
        *(("--target", recipe.target) if recipe.target else ()),
        *("--file", str(recipe.file), "--tag", full_name(recipe.tag), str(recipe.context)),
    ]


def needs_base(recipe: Recipe) -> bool:
    """Whether the Dockerfile leaves its base open and the caller names none."""
    named = any(argument.startswith("BASE=") for argument in recipe.arguments)
    return not named and re.search(r"^ARG BASE\b", recipe.file.read_text(), re.MULTILINE) is not None


def full_name(tag: str) -> str:
    """Return the name under which the kubelet looks for a tag."""
    first, _, rest = tag.partition("/")
    return tag if rest and re.search(r"[.:]|^localhost$", first) else f"docker.io/{tag if rest else 'library/' + tag}"


def archive(tag: str) -> Path:
    """Return where a built image is kept."""
    return cache_root() / "images" / f"{re.sub(r'[^A-Za-z0-9.-]', '_', tag)}.tar"


def _export(tag: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    # Not oci-archive: that compresses, which takes longer than the build of most images.
    run([*buildah(), "push", "--quiet", full_name(tag), f"docker-archive:{unfinished}:{full_name(tag)}"])
    unfinished.rename(target)


def _load_once(cluster: Cluster, layer: str, tag: str, built: Path) -> None:
    mark = cluster.state / "images" / built.with_suffix(".loaded").name
    stamp = str(built.stat().st_mtime_ns)
    if mark.exists() and mark.read_text() == stamp:
        say(f"image {tag}: loaded already")
        return
    with step(f"loading image {tag}"):
        if layer == record.KIND:
            run(["kind", "load", "image-archive", built, "--name", cluster.name])
        else:
            run([*containerd.client(cluster), "images", "import", built])
    mark.parent.mkdir(exist_ok=True)
    mark.write_text(stamp)
