"""One manifest against the schema of its kind: fields, values, and the rules that the API server evaluates."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import ValidationError

from agentops_operator.api.kind import API_VERSION, GROUP, KindInfo
from agentops_operator.api.model import Json
from agentops_operator.cli.finding import Finding, Level, finding
from agentops_operator.cli.manifests import Document, Unreadable
from agentops_operator.cli.position import Path, field_text, repeated_keys
from agentops_operator.cli.rules import broken, left_to_the_server
from agentops_operator.cli.shape import faults
from agentops_operator.generate.crds import root_schema
from agentops_operator.generate.kinds import ALL
from agentops_operator.runtime.parse import MENDS

KINDS = {info.kind: info for info in ALL}
TOP = ("apiVersion", "kind", "metadata", "spec", "status")


@cache
def schema_of(kind: str) -> Json:
    """The schema of a whole object of a kind."""
    return root_schema(KINDS[kind])


def unreadable(faults: Iterable[Unreadable]) -> list[Finding]:
    """Findings for what is no YAML."""
    mend = "write YAML or JSON; a template of Helm or Kustomize must be rendered first"
    return [Finding("yaml", Level.ERROR, fault.file, fault.position, "", "", "", fault.error, mend) for fault in faults]


def is_ours(document: Document) -> bool:
    """Whether an object is of our group, whatever its kind and version."""
    return document.api_version.partition("/")[0] == GROUP


def check_document(document: Document) -> tuple[list[Finding], list[str]]:
    """Findings of one document of our group, and what of it only the API server can judge."""
    if not is_ours(document):
        return [], []
    info = KINDS.get(document.kind)
    if info is None or document.api_version != API_VERSION:
        return [_unknown_kind(document, info)], []
    found = [*_repeated(document), *_frame(document, info)]
    if not found and info.spec is not None:
        found = _fields(document, info)
    return (found, []) if found else _rules(document)


def _unknown_kind(document: Document, info: KindInfo | None) -> Finding:
    if info is None:
        return finding(
            "unknown-kind", document, ("kind",), f"kind {document.kind} is not known", f"use one of {', '.join(KINDS)}"
        )
    return finding("unknown-kind", document, ("apiVersion",), f"{document.api_version} is not known", f"write {API_VERSION}")


def _repeated(document: Document) -> list[Finding]:
    return [
        finding("yaml", document, path, f"{field_text(path)} stands twice", "remove one; readers keep the last in silence")
        for path in repeated_keys(document.node)
    ]


def _frame(document: Document, info: KindInfo) -> list[Finding]:
    """What stands around the spec."""
    if not document.name:
        return [finding("schema", document, ("metadata", "name"), "metadata.name is missing", "give it a value")]
    if info.spec is None:
        mend = "remove it; the operator writes these objects"
        return [finding("schema", document, ("kind",), f"{info.kind} is not for manifests", mend)]
    found = [
        finding("schema", document, (name,), f"{name} is not known to this version", "fields of ours stand under spec")
        for name in document.body
        if name not in TOP
    ]
    if not isinstance(document.body.get("spec"), dict):
        found.append(finding("schema", document, ("spec",), "spec is missing", "give it a value; {} takes all defaults"))
    return found


def _fields(document: Document, info: KindInfo) -> list[Finding]:
    assert info.spec is not None  # noqa: S101  (checked by the caller; tells the type checker)
    try:
        # By JSON and strictly, as the API server reads it: "5" is no number there, and target_ref no field.
        info.spec.model_validate_json(json.dumps(document.body["spec"]), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        return [_fault(document, dict(fault)) for fault in error.errors(include_url=False)]
    return []


def _fault(document: Document, fault: dict[str, Any]) -> Finding:
    path: Path = ("spec", *(part for part in fault["loc"] if part != "[key]"))
    field, kind = field_text(path), fault["type"]
    mend = MENDS.get(kind) or fault["msg"][:1].lower() + fault["msg"][1:]
    if kind == "missing":
        return finding("schema", document, path, f"{field} is missing", mend)
    if kind == "extra_forbidden":
        return finding("schema", document, path, f"{field} is not known to this version", mend, value=fault["input"])
    return finding("schema", document, path, f"{field} is {_short(fault['input'])}", mend, value=fault["input"])


def _short(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"


def _rules(document: Document) -> tuple[list[Finding], list[str]]:
    shape = [
        finding("schema", document, path, what, mend) for path, what, mend in faults(schema_of(document.kind), document.body)
    ]
    wrong, unsure = broken(schema_of(document.kind), document.body)
    found = [finding("rule", document, path, message, value=value) for path, message, value in wrong]
    left = [f"{document.title}: whether {field_text(path)} is RE2" for path in unsure]
    server = [f"{document.title}: {what}" for what in sorted(left_to_the_server(schema_of(document.kind)))]
    return [*shape, *found], [*left, *server]
