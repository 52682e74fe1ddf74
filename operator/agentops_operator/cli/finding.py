"""One thing that is wrong with a manifest: where, what, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum

from agentops_operator.cli.manifests import Document
from agentops_operator.cli.position import Path, Position, field_text, locate

VALUE_SHOWN = 80


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


RULES: dict[str, str] = {
    "yaml": "The file is YAML that can be read.",
    "no-objects": "The manifests hold an object of this product.",
    "unknown-kind": "Kind and version are known to this version of the product.",
    "duplicate": "Each object stands once in the manifests.",
    "schema": "Each field is known and has a value that the schema allows.",
    "rule": "The rules of the schema hold that the API server evaluates at admission.",
    "not-accepted": "Nothing keeps the object from being accepted: no conflict, no reference that is not permitted.",
    "not-enforced": "Nothing in the manifests keeps the policy from being in force.",
    "matches-nothing": "Selectors and references select something of the manifests.",
    "bypassed": "No container of an Agent's pods keeps an own telemetry endpoint.",
}
"""Every rule that a finding can name, in the order in which they are checked."""


@dataclass(frozen=True)
class Finding:
    """One finding; `mend` says what to do."""

    rule: str
    level: Level
    file: str
    position: Position
    object: str
    field: str
    value: str
    message: str
    mend: str

    @property
    def order(self) -> tuple[str, Position, str, str]:
        """Sorts by place, so that two runs print the same."""
        return (self.file, self.position, self.rule, self.message)

    @property
    def text(self) -> str:
        """Message and mend in one sentence."""
        return f"{self.message}: {self.mend}" if self.mend else self.message


def finding(
    rule: str, document: Document, path: Path, message: str, mend: str = "", *, level: Level = Level.ERROR, value: object = None
) -> Finding:
    """A finding at a field of a document."""
    return Finding(
        rule=rule,
        level=level,
        file=document.file,
        position=locate(document.node, path),
        object=document.title,
        field=field_text(path),
        value=shown(value),
        message=message,
        mend=mend,
    )


def shown(value: object) -> str:
    """A value as messages show it, cut when long."""
    if value is None:
        return ""
    text = repr(value)
    return text if len(text) <= VALUE_SHOWN else text[:VALUE_SHOWN] + "…"
