"""How results are printed: text for people, JSON and YAML for programs, colours on a terminal only."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import yaml

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
FORMATS = ("text", "json", "yaml")


def output_option(formats: Sequence[str] = FORMATS, default: str = "text") -> Callable[[FunctionT], FunctionT]:
    """The option `-o`."""
    return click.option(
        "-o", "--output", type=click.Choice(formats), default=default, show_default=True, help="Format of the result."
    )


def as_json(value: object) -> str:
    """JSON that reads well in a diff."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def as_yaml(value: object) -> str:
    """One YAML document, fields in the order given."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=130, allow_unicode=True)


def as_stream(objects: Sequence[object]) -> str:
    """Several YAML documents, as `kubectl apply -f -` reads them."""
    return "".join(f"---\n{as_yaml(item)}" for item in objects)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks: a configuration file inside an object stays readable."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  (anchors make a diff unreadable)
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(data), style="|" if "\n" in data else None)


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(str, _text)  # enums of strings


def coloured() -> bool:
    """Whether standard output is a terminal that shows colours; NO_COLOR (no-color.org) switches them off."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, *, bold: bool = False) -> str:
    """The text in a colour, or as it is where colours are off."""
    return click.style(text, fg=colour, bold=bold) if coloured() else text
