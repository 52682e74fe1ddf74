"""How a Docker engine builds an image, where one answers: it can pull the base images itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devcluster.commands import succeeds
from devcluster.recipe import full_name, options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from devcluster.recipe import Recipe


def answers() -> bool:
    """Whether a Docker engine answers."""
    return succeeds(["docker", "info"])


def commands(recipe: Recipe, target: Path, environment: Mapping[str, str]) -> list[list[str]]:
    """Return the commands that build an image and write it to an archive."""
    return [
        ["docker", "build", *options(recipe, None, environment)],
        ["docker", "save", "--output", str(target), full_name(recipe.tag)],
    ]
