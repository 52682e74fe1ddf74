"""Build images, keep them as archives in the cache, and load them into the cluster."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from devcluster import base_image, buildah, docker, record
from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.locking import only_one
from devcluster.node import containerd
from devcluster.packages import IMAGES, install
from devcluster.paths import Cluster, cache_root
from devcluster.progress import say, step
from devcluster.recipe import needs_base

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.recipe import Recipe


def build(recipe: Recipe) -> None:
    """Build an image and keep it as an archive in the cache."""
    built = archive(recipe.tag)
    key_file = built.with_suffix(".key")
    if recipe.key and built.exists() and key_file.exists() and key_file.read_text() == recipe.key:
        say(f"image {recipe.tag}: unchanged")
        return
    with only_one(cache_root() / "locks" / "images", "building images"), step(f"building image {recipe.tag}"):
        key_file.unlink(missing_ok=True)
        built.parent.mkdir(parents=True, exist_ok=True)
        _build(recipe, built)
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


def archive(tag: str) -> Path:
    """Return where a built image is kept."""
    return cache_root() / "images" / f"{re.sub(r'[^A-Za-z0-9.-]', '_', tag)}.tar"


def _build(recipe: Recipe, target: Path) -> None:
    unfinished = target.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    if docker.answers():
        commands = docker.commands(recipe, unfinished, os.environ)
    else:
        install(IMAGES)
        base = base_image.ensure() if needs_base(recipe) else None
        commands = buildah.commands(recipe, base, unfinished, os.environ)
    for command in commands:
        run(command)
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
