"""The golden set: YAML, read strictly, because a case that is silently skipped is a gate that silently opens."""

import hashlib
import json
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agentops_evals.results import NotRunnableError

FIELDS = ("id", "input", "expected", "metadata")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True)
class GoldenCase:
    """One question, and what is expected of the answer."""

    id: str
    input: Any
    expected: str | None = None
    metadata: dict[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class GoldenSet:
    """All cases, and the digest of the bytes that they were read from."""

    cases: tuple[GoldenCase, ...]
    digest: str


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: the second would replace the first without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(map(repr, names))) != len(names):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read(path: Path) -> GoldenSet:
    """Reads the set.

    Raises:
        NotRunnableError: there is no set, or a case of it is wrong; the text names case and field, never a value.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotRunnableError("the data set is missing: create the ConfigMap with the key that spec.dataset names") from None
    return GoldenSet(parse(content), "sha256:" + hashlib.sha256(content).hexdigest())


def parse(content: bytes) -> tuple[GoldenCase, ...]:
    """The cases of a YAML text."""
    try:
        entries = yaml.load(content, Loader=_Loader)  # noqa: S506  (a safe loader)
    except yaml.MarkedYAMLError as error:
        # The error's own text quotes the line, which is content.
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise NotRunnableError(f"the data set is not valid YAML at line {line}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise NotRunnableError("the data set is not valid YAML") from None
    if not isinstance(entries, list):
        raise NotRunnableError("the data set must be a list of cases")
    cases = tuple(_case(number, entry) for number, entry in enumerate(entries, start=1))
    taken: set[str] = set()
    for case in cases:
        if case.id in taken:
            raise _wrong(case.id, "id", "stands twice: results could not be told apart")
        taken.add(case.id)
    return cases


def _case(number: int, entry: Any) -> GoldenCase:
    where = f"number {number}"
    if not isinstance(entry, dict):
        raise NotRunnableError(f"case {where}: must have the fields id and input")
    name = entry.get("id")
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise _wrong(where, "id", "must be 1 to 63 letters, digits, dots, dashes or underscores, in quotes if it is a number")
    unknown = sorted(str(key)[:63] for key in entry if key not in FIELDS)
    if unknown:
        raise _wrong(name, unknown[0], f"is not known; the fields are {', '.join(FIELDS)}")
    return GoldenCase(name, _input(name, entry), _expected(name, entry), _metadata(name, entry))


def _input(name: str, entry: dict[str, Any]) -> Any:
    value = entry.get("input")
    if not value or not isinstance(value, str | dict | list):
        raise _wrong(name, "input", "must be text, a mapping or a list, and not empty; put a number in quotes")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise _wrong(name, "input", "holds a value that JSON does not know, for example a date; put it in quotes") from None
    return value


def _expected(name: str, entry: dict[str, Any]) -> str | None:
    value = entry.get("expected")
    if value is not None and (not isinstance(value, str) or not value):
        raise _wrong(name, "expected", "must be text and not empty; put a number in quotes")
    return value


def _metadata(name: str, entry: dict[str, Any]) -> dict[str, str | int | float | bool]:
    value = entry.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _wrong(name, "metadata", "must be a mapping with text as keys")
    if not all(isinstance(item, str | int | float | bool) for item in value.values()):
        raise _wrong(name, "metadata", "must hold text, numbers, true or false")
    return value


def _wrong(case: str, name: str, mend: str) -> NotRunnableError:
    return NotRunnableError(f"case {case}: field {name} {mend}")
