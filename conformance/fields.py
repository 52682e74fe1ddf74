"""The fields of the gateway plan, read from the types that the plan is made of.

A field is a path: `routes.*.targets[].weight`. `*` stands for the name of an entry, `[]` for a place in a list. A field that
takes one of a few words is a field for each word, because an engine may know some of them only: `routes.*.routing=Weighted`.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from conformance import ROOT

SOURCES = ROOT / "dataplane" / "gateway" / "plan"
STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
MEMBER = re.compile(r'^\t(\w+) +([^ `]+) +`json:"([^",]+)')
WORD = re.compile(r'^\t\w+ +(\w+) += "([^"]+)"', re.MULTILINE)
KEYS = {"Credential.keys"}
"""Maps whose keys are words too, but stand for one thing: where the parts of a credential are."""


@cache
def plan_fields(sources: Path = SOURCES) -> tuple[str, ...]:
    """All fields, in the order of the types."""
    text = "\n".join(path.read_text() for path in sorted(sources.glob("*.go")) if not path.name.endswith("_test.go"))
    structs = {name: _members(body) for name, body in STRUCT.findall(text)}
    words: dict[str, list[str]] = {}
    for kind, word in WORD.findall(text):
        words.setdefault(kind, []).append(word)
    return tuple(_walk("Plan", "", structs, words))


def _members(body: str) -> list[tuple[str, str]]:
    """JSON name and type of each member."""
    found = (MEMBER.match(line) for line in body.splitlines())
    return [(match[3], match[2]) for match in found if match]


def _walk(kind: str, path: str, structs: dict[str, list[tuple[str, str]]], words: dict[str, list[str]]) -> Iterator[str]:
    for name, member in structs[kind]:
        at = f"{path}.{name}" if path else name
        inner = member.removeprefix("*")
        if f"{kind}.{name}" in KEYS:
            yield at
            continue
        if inner.startswith("map["):
            at, inner = f"{at}.*", inner.split("]", 1)[1]
        if inner.startswith("[]"):
            at, inner = f"{at}[]", inner[2:]
        if inner in structs:
            yield from _walk(inner, at, structs, words)
        elif inner in words:
            yield from (f"{at}={word}" for word in words[inner])
        else:
            yield at
