"""How buildah is called: its own storage in the cache, nothing in the machine's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devcluster.paths import cache_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PIP_SETTINGS = {
    "PIP_CERT": "cert",
    "PIP_INDEX_URL": "index-url",
    "PIP_EXTRA_INDEX_URL": "extra-index-url",
    "PIP_DEFAULT_TIMEOUT": "timeout",
}


def buildah() -> list[str]:
    """Return the beginning of every buildah command."""
    root = cache_root() / "buildah"
    # The overlay driver needs mounts that a container may not make; vfs always works.
    return ["buildah", "--storage-driver", "vfs", "--root", str(root / "root"), "--runroot", str(root / "run")]


def pip_configuration(environment: Mapping[str, str]) -> Path:
    """Write pip's settings of the caller to a file: as variables they would stay in the image."""
    file = cache_root() / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {environment[variable]}" for variable, name in PIP_SETTINGS.items() if environment.get(variable)]
    file.write_text("\n".join(["[global]", *lines, ""]))
    return file
