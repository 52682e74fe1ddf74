"""How buildah is called: its own storage in the cache, nothing in the machine's."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from devcluster.commands import run, succeeds
from devcluster.locking import if_free
from devcluster.paths import cache_root
from devcluster.recipe import full_name, options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devcluster.recipe import Recipe

AUTHORITIES = "/etc/ssl/certs"
PIP_SETTINGS = {
    "PIP_CERT": "cert",
    "PIP_INDEX_URL": "index-url",
    "PIP_EXTRA_INDEX_URL": "extra-index-url",
    "PIP_DEFAULT_TIMEOUT": "timeout",
}


def buildah() -> list[str]:
    """Return the beginning of every buildah command."""
    root = cache_root() / "buildah"
    driver = storage_driver(root)
    return ["buildah", "--storage-driver", driver, "--root", str(root / driver), "--runroot", str(root / f"run-{driver}")]


@cache
def storage_driver(root: Path) -> str:
    """Return `overlay` where this machine may mount one; a container often may not, and vfs, which copies, always works."""
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root) as probe:
        parts = {name: Path(probe) / name for name in ("lower", "upper", "work", "merged")}
        for part in parts.values():
            part.mkdir()
        layers = ",".join(f"{name}dir={parts[name]}" for name in ("lower", "upper", "work"))
        if not succeeds(["mount", "-t", "overlay", "overlay", "-o", layers, parts["merged"]]):
            return "vfs"
        run(["umount", parts["merged"]])
    return "overlay"


def commands(recipe: Recipe, base: str | None, target: Path, environment: Mapping[str, str]) -> list[list[str]]:
    """Return the commands that build an image and write it to an archive."""
    name = full_name(recipe.tag)
    return [
        [*buildah(), "build", *isolation(), *downloads(environment), *options(recipe, base, environment)],
        # Not oci-archive: that compresses, which takes longer than the build of most images.
        [*buildah(), "push", "--quiet", name, f"docker-archive:{target}:{name}"],
        *_pruning(),
    ]


def _pruning() -> list[list[str]]:
    """Return the command that clears replaced images: vfs keeps a whole copy of every layer, overlay only what differs.

    Pruning also takes the cached layers of earlier stages, so with overlay every build would install its packages again.
    """
    return [[*buildah(), "rmi", "--prune"]] if storage_driver(cache_root() / "buildah") == "vfs" else []


def remove_unfinished() -> None:
    """Remove what builds that were killed left: each keeps a container, its files and a mount, until somebody does."""
    locks = cache_root() / "locks"
    if not (cache_root() / "buildah").exists():
        return
    with if_free(locks / "images", locks / "base") as nobody_builds:
        if nobody_builds and run([*buildah(), "containers", "--quiet"]).strip():
            run([*buildah(), "rm", "--all"])


def isolation() -> list[str]:
    """Return the options for a build without a user namespace and a network: both need rights a container lacks."""
    return ["--isolation", "chroot", "--network", "host", "--layers"]


def downloads(environment: Mapping[str, str]) -> list[str]:
    """Return the options without which downloads fail behind a proxy with an authority of its own."""
    volumes = (f"{AUTHORITIES}:{AUTHORITIES}:ro", f"{pip_configuration(environment)}:/etc/pip.conf:ro")
    return [word for volume in volumes for word in ("--volume", volume)]


def pip_configuration(environment: Mapping[str, str]) -> Path:
    """Write pip's settings of the caller to a file: as variables they would stay in the image."""
    file = cache_root() / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {environment[variable]}" for variable, name in PIP_SETTINGS.items() if environment.get(variable)]
    file.write_text("\n".join(["[global]", *lines, ""]))
    return file
