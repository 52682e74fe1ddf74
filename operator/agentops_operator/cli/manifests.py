"""Manifests from files, folders and standard input, each with the place where it stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from agentops_operator.cli.exits import Usage
from agentops_operator.cli.position import Position
from agentops_operator.cli.standard_input import read_all

STDIN = "-"
STDIN_NAME = "stdin"
SUFFIXES = (".yaml", ".yml", ".json")


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: a date is text, because JSON has no dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """One object of a manifest."""

    file: str
    body: dict[str, Any]
    node: yaml.Node

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.body.get("kind", ""))

    @property
    def api_version(self) -> str:
        """Its API version."""
        return str(self.body.get("apiVersion", ""))

    @property
    def metadata(self) -> dict[str, Any]:
        """Its metadata, empty when it has none."""
        found = self.body.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """Its name, empty when it has none."""
        return str(self.metadata.get("name") or "")

    def namespace(self, default: str) -> str:
        """Its namespace, or the one that it will be applied to."""
        return str(self.metadata.get("namespace") or default)

    @property
    def title(self) -> str:
        """`Kind namespace/name`, as messages show it."""
        namespace = self.metadata.get("namespace")
        return f"{self.kind} {namespace}/{self.name}" if namespace else f"{self.kind} {self.name}".strip()


@dataclass(frozen=True)
class Unreadable:
    """A part of a file that is no manifest."""

    file: str
    position: Position
    error: str


def read(paths: Iterable[str]) -> tuple[list[Document], list[Unreadable]]:
    """All objects of these files and folders; `-` is standard input."""
    documents: list[Document] = []
    unreadable: list[Unreadable] = []
    for name, content in _contents(paths):
        found, faults = _parsed(name, content)
        documents += found
        unreadable += faults
    return documents, unreadable


def _contents(paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for name in dict.fromkeys(paths):
        if name == STDIN:
            yield STDIN_NAME, read_all()
            continue
        for file in _files(Path(name)):
            yield file.as_posix(), file.read_bytes()


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise Usage(f"{path} does not exist")
    if not path.is_dir():
        return [path]  # a pipe, too: the shell hands <(command) over as one
    # Hidden folders hold repositories and caches, whose files are nobody's manifests.
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix in SUFFIXES and file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    if not found:
        raise Usage(f"{path} holds no file that ends in {', '.join(SUFFIXES)}")
    return found


def _parsed(name: str, content: bytes) -> tuple[list[Document], list[Unreadable]]:
    try:
        return parse_text(name, content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [], [Unreadable(name, Position(line, 1), f"no YAML: byte {error.start + 1} is not UTF-8 text")]


def parse_text(name: str, text: str) -> tuple[list[Document], list[Unreadable]]:
    """The objects of one text, those inside a List included."""
    try:
        loader = _Loader(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return [], [Unreadable(name, Position(line, 1), f"no YAML: it holds the character {text[error.position]!r}")]
    documents: list[Document] = []
    try:
        while loader.check_node():
            node = loader.get_node()
            documents += _objects(name, loader.construct_document(node), node) if node else []
    except (yaml.MarkedYAMLError, RecursionError, ValueError) as error:
        return documents, [_fault(name, error)]
    except yaml.YAMLError as error:
        return documents, [Unreadable(name, Position(), str(error))]
    finally:
        loader.dispose()
    return documents, []


def _fault(name: str, error: Exception) -> Unreadable:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    position = Position(mark.line + 1, mark.column + 1) if mark else Position()
    problem = getattr(error, "problem", None) or str(error)
    return Unreadable(name, position, f"no YAML: {problem}")


def _objects(name: str, body: object, node: yaml.Node) -> list[Document]:
    if not isinstance(body, dict) or not isinstance(node, yaml.MappingNode):
        return []
    items = body.get("items")
    if str(body.get("kind", "")).endswith("List") and isinstance(items, list):
        nodes: list[yaml.Node] = next((value.value for key, value in node.value if key.value == "items"), [])
        return [found for item, inner in zip(items, nodes, strict=False) for found in _objects(name, item, inner)]
    return [Document(name, body, node)]
