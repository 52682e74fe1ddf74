"""Where a field of a manifest stands in its file."""

from dataclasses import dataclass

import yaml

Path = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Position:
    """Line and column, both from 1."""

    line: int = 1
    column: int = 1


def locate(node: yaml.Node, path: Path) -> Position:
    """The position of the field, or of the innermost parent that exists when the field itself is missing."""
    mark = node.start_mark
    for part in path:
        found = _child(node, part)
        if found is None:
            break
        key, node = found
        mark = key.start_mark
    return Position(mark.line + 1, mark.column + 1)


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if str(key.value) == str(part)), None)
    if isinstance(node, yaml.SequenceNode):
        items = node.value
        if isinstance(part, int):
            return (items[part], items[part]) if part < len(items) else None
        return next(((item, item) for item in items if _name(item) == part), None)
    return None


def _name(item: yaml.Node) -> str:
    found = _child(item, "name") if isinstance(item, yaml.MappingNode) else None
    return str(found[1].value) if found else ""


def repeated_keys(node: yaml.Node, path: Path = ()) -> list[Path]:
    """Keys that stand twice in one mapping: a YAML reader keeps the last one in silence."""
    if isinstance(node, yaml.SequenceNode):
        return [found for index, item in enumerate(node.value) for found in repeated_keys(item, (*path, index))]
    if not isinstance(node, yaml.MappingNode):
        return []
    seen: set[str] = set()
    result: list[Path] = []
    for key, value in node.value:
        name = str(key.value)
        if name in seen:
            result.append((*path, name))
        seen.add(name)
        result += repeated_keys(value, (*path, name))
    return result


def field_text(path: Path) -> str:
    """`spec.backends[0].endpoint`, as messages show it."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
