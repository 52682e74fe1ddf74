"""The reference page of each kind: an example, every field, every condition with every reason."""

from importlib.resources import files

from agentops_operator.api.kind import KindInfo
from agentops_operator.api.model import Json
from agentops_operator.api.reason import MEANING, STATEMENT, ConditionType, reasons
from agentops_operator.generate.crds import CATEGORY, root_schema
from agentops_operator.generate.fields import Field, fields
from agentops_operator.generate.kinds import ALL
from agentops_operator.generate.output import table, to_markdown
from agentops_operator.generate.schema import RULES
from agentops_operator.generate.systems import systems

FOLDER = "docs/reference"
OWN = ("apiVersion", "kind", "metadata")
MORE = {"TracePolicy": (systems,)}


def pages() -> dict[str, str]:
    """Path and text of each page."""
    return {
        f"{FOLDER}/README.md": _contents(),
        **{f"{FOLDER}/{kind.singular}.md": _page(kind) for kind in ALL},
    }


def example(kind: KindInfo) -> str:
    """The example that lies beside the kind's types."""
    model = kind.spec or kind.root
    package = model.__module__.rpartition(".")[0] if model else ""
    return (files(package) / f"{kind.singular}.example.yaml").read_text(encoding="utf-8")


def _contents() -> str:
    head = f"All kinds of `{ALL[0].api_version}`, all of them namespaced. `kubectl get {CATEGORY} -A` lists them."
    rows = [[f"[{kind.kind}]({kind.singular}.md)", _short(kind), kind.description] for kind in ALL]
    return to_markdown("Reference", head, table(("Kind", "Short name", "What it is for"), rows))


def _page(kind: KindInfo) -> str:
    schema = root_schema(kind)
    names = [f"`{kind.api_version}`", f"resource `{kind.plural}`", *([f"short name {_short(kind)}"] if kind.short_names else ())]
    return to_markdown(
        kind.kind,
        kind.description,
        ", ".join(names) + ".",
        f"## Example\n\n```yaml\n{example(kind)}```",
        *_fields("Fields", {"properties": _own(schema)} if kind.root else {}, ""),
        *_fields("Spec", schema["properties"].get("spec", {}), "spec"),
        *_rules(schema),
        *(section() for section in MORE.get(kind.kind, ())),
        *_fields("Status", schema["properties"].get("status", {}), "status"),
        *_conditions(kind),
    )


def _own(schema: dict[str, Json]) -> dict[str, Json]:
    return {name: inner for name, inner in schema["properties"].items() if name not in OWN}


def _short(kind: KindInfo) -> str:
    return ", ".join(f"`{name}`" for name in kind.short_names)


def _fields(title: str, schema: dict[str, Json], path: str) -> list[str]:
    rows = [[f"`{field.path}`", field.type, field.default, field.limits, _meaning(field)] for field in fields(schema, path)]
    if not rows:
        return []
    return [f"## {title}", *_described(schema), table(("Field", "Type", "Default", "Limits", "Meaning"), rows)]


def _described(schema: dict[str, Json]) -> list[str]:
    return [schema["description"]] if "description" in schema else []


def _meaning(field: Field) -> str:
    return str(field.schema.get("description", ""))


def _rules(schema: dict[str, Json]) -> list[str]:
    """What the API server says when fields do not fit together; these are the words that a user will search for."""
    lines = [f"- {rule['message']}" for rule in schema.get(RULES, ())]
    lines += [f"- `{field.path}`: {message}" for field in fields(schema) for message in field.messages]
    if not lines:
        return []
    return ["## Rules", "The API server refuses an object that breaks one of these, with these words.", "\n".join(lines)]


def _conditions(kind: KindInfo) -> list[str]:
    if not kind.conditions:
        return []
    intro = "Each is `True`, `False` or `Unknown`, carries one of its reasons, and says of which generation it speaks."
    return ["## Conditions", intro, *(_condition(kind, type_) for type_ in kind.conditions)]


def _condition(kind: KindInfo, type_: ConditionType) -> str:
    rows = [[f"`{reason}`", MEANING[reason]] for reason in reasons(kind.kind, type_)]
    return f"### {type_}\n\n{STATEMENT[type_]}\n\n{table(('Reason', 'Meaning'), rows)}"
