"""Digests of JSON values, equal for equal values whatever the order of their keys."""

import hashlib
import json
from typing import Any, TypeAlias

Json: TypeAlias = Any  # a JSON value, of any shape


def canonical(value: Json) -> str:
    """JSON with sorted keys and no spaces: the bytes that a digest is taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Json) -> str:
    """`sha256:` and 64 hex digits of the canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()


def short(value: Json) -> str:
    """The first 8 hex digits, for names of objects."""
    return digest(value)[7:15]
