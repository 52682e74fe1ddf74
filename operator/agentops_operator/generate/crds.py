"""The CustomResourceDefinition of each kind."""

from agentops_operator.api.kind import GROUP, VERSION, Column, KindInfo
from agentops_operator.api.model import Json, cel
from agentops_operator.generate.schema import RULES, structural

CATEGORY = "agentops"  # `kubectl get agentops` shows every kind that people write

API_FIELDS: dict[str, Json] = {
    "apiVersion": {"type": "string", "description": f"`{GROUP}/{VERSION}`."},
    "kind": {"type": "string", "description": "Name of the kind."},
    "metadata": {"type": "object"},
}

# Without this default kstatus takes an object that nobody has looked at yet for ready.
UNSEEN = {"observedGeneration": -1}


def crd(kind: KindInfo) -> dict[str, Json]:
    """The definition of one kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": _names(kind),
            "versions": [_version(kind)],
        },
    }


def root_schema(kind: KindInfo) -> dict[str, Json]:
    """The schema of a whole object of the kind."""
    schema: dict[str, Json] = {"type": "object", "description": kind.description, "properties": {**API_FIELDS, **_content(kind)}}
    if kind.spec:
        schema["required"] = ["spec"]
    if kind.root_validations:
        schema[RULES] = list(kind.root_validations)
    return schema


def _names(kind: KindInfo) -> dict[str, Json]:
    names: dict[str, Json] = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.singular,
    }
    if kind.short_names:
        names["shortNames"] = list(kind.short_names)
    if not kind.internal:
        names["categories"] = [CATEGORY]
    return names


def _version(kind: KindInfo) -> dict[str, Json]:
    version: dict[str, Json] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": root_schema(kind)},
    }
    if kind.status:
        version["subresources"] = {"status": {}}
    if kind.columns:
        version["additionalPrinterColumns"] = [_column(column) for column in kind.columns]
    return version


def _column(column: Column) -> dict[str, Json]:
    entry: dict[str, Json] = {"name": column.name, "type": column.type, "jsonPath": column.json_path}
    if column.description:
        entry["description"] = column.description
    if column.priority:
        entry["priority"] = column.priority
    return entry


def _content(kind: KindInfo) -> dict[str, Json]:
    content: dict[str, Json] = {}
    if kind.root:
        content |= structural(kind.root)["properties"]
    if kind.spec:
        content["spec"] = _spec(kind)
    if kind.status:
        content["status"] = {**structural(kind.status), "default": UNSEEN}
    return content


def _spec(kind: KindInfo) -> dict[str, Json]:
    schema = structural(kind.spec) if kind.spec else {}
    rules = [*schema.get(RULES, ()), *kind.validations]
    if kind.immutable:
        rules.append(cel("self == oldSelf", f"{kind.kind} is a record: it never changes"))
    return {**schema, RULES: rules} if rules else schema
