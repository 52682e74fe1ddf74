"""What an image is built from, and the name under which the kubelet looks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PASSED_ARGUMENTS = ("GOPROXY", "GOFLAGS", "GONOSUMDB", "GOSUMDB", "GOPRIVATE")
"""Variables of the caller that a build needs to download modules; a Dockerfile declares them as ARG."""


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


def needs_base(recipe: Recipe) -> bool:
    """Whether the Dockerfile leaves its base open and the caller names none."""
    named = any(argument.startswith("BASE=") for argument in recipe.arguments)
    return not named and re.search(r"^ARG BASE\b", recipe.file.read_text(), re.MULTILINE) is not None


def full_name(tag: str) -> str:
    """Return the name under which the kubelet looks for a tag."""
    first, _, rest = tag.partition("/")
    return tag if rest and re.search(r"[.:]|^localhost$", first) else f"docker.io/{tag if rest else 'library/' + tag}"


def options(recipe: Recipe, base: str | None, environment: Mapping[str, str]) -> list[str]:
    """Return the options and the context directory: buildah and Docker take the same ones."""
    passed = [f"{name}={environment[name]}" for name in PASSED_ARGUMENTS if environment.get(name)]
    arguments = [*([f"BASE={base}"] if base else []), *passed, *recipe.arguments]
    return [
        *(word for argument in arguments for word in ("--build-arg", argument)),
        *(word for context in recipe.contexts for word in ("--build-context", context)),
        *(("--target", recipe.target) if recipe.target else ()),
        *("--file", str(recipe.file), "--tag", full_name(recipe.tag), str(recipe.context)),
    ]
