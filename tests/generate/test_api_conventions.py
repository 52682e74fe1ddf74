"""The API follows the Kubernetes API conventions, and reads the same in every kind."""

import re
from typing import Any

import pytest
import yaml

from agentops_operator.generate.kinds import ALL
from agentops_operator.generate.output import to_yaml
from tests.generate.schemas import KINDS, content, definition, fields, nodes, version

WITH_STATUS = [kind.kind for kind in ALL if kind.status]
RULES = "x-kubernetes-validations"
SIZE_LIMIT = 64 * 1024


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_is_called_phase(kind: str) -> None:
    """A phase hides what conditions say, and cannot grow."""
    assert [path for path, _ in fields(kind) if "phase" in path.lower()] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_is_a_bare_bool_or_a_float(kind: str) -> None:
    """A bool cannot get a third value later, and floats differ between clients."""
    assert [path for path, node in fields(kind) if node["type"] in ("boolean", "number")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_list_says_how_two_writers_merge_it(kind: str) -> None:
    """Lists of things with a name are keyed by it, so that two field managers do not overwrite each other."""
    lists = {path: node for path, node in nodes(content(kind)) if node.get("type") == "array"}
    assert [path for path, node in lists.items() if "x-kubernetes-list-type" not in node] == []
    for path, node in lists.items():
        keys = node.get("x-kubernetes-list-map-keys", [])
        assert (node["x-kubernetes-list-type"] == "map") == bool(keys), path
        assert set(keys) <= set(node["items"].get("required", ())), path


@pytest.mark.parametrize("kind", [kind.kind for kind in ALL if not kind.internal])
def test_lists_of_named_things_are_keyed(kind: str) -> None:
    """Whoever declares a name can address the thing by it; a status is written by one writer and may be atomic."""
    named = {
        path: node
        for path, node in nodes(content(kind)["properties"]["spec"])
        if node.get("type") == "array" and "name" in node["items"].get("properties", {})
    }
    assert [path for path, node in named.items() if node["x-kubernetes-list-type"] != "map"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_described(kind: str) -> None:
    """`kubectl explain` answers for every field, with a sentence."""
    assert [path for path, node in fields(kind) if not re.match(r"[A-Z`].*\.$", node.get("description", ""), re.DOTALL)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_field_names_are_camel_case(kind: str) -> None:
    """Names are camel case and begin with a small letter."""
    assert [path for path, _ in fields(kind) if not re.fullmatch(r"[a-z][A-Za-z0-9]*", path.rpartition(".")[2])] == []


@pytest.mark.parametrize("kind", [kind.kind for kind in ALL if not kind.internal])
def test_every_enumerated_word_is_pascal_case_or_a_product_name(kind: str) -> None:
    """Enumerations read as in Kubernetes; presets and providers are named as in URLs."""
    words = [(path, word) for path, node in fields(kind) for word in node.get("enum", ())]
    assert [
        entry
        for entry in words
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", entry[1]) and not entry[0].endswith(("preset", "provider"))
    ] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_is_bounded(kind: str) -> None:
    """Without bounds the API server cannot estimate what a CEL rule costs, and refuses the CRD."""
    assert [path for path, node in nodes(content(kind)) if not _bounded(node)] == []


def _bounded(node: dict[str, Any]) -> bool:
    match node["type"]:
        case "string":
            return "maxLength" in node or "enum" in node or node.get("format") == "date-time"
        case "array":
            return "maxItems" in node
        case _:
            return "additionalProperties" not in node or "maxProperties" in node


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_has_a_message_that_a_person_can_act_on(kind: str) -> None:
    """The message is a clause in words, not the expression."""
    for path, node in nodes(content(kind)):
        for rule in node.get(RULES, ()):
            assert set(rule) == {"rule", "message"}, path
            assert len(rule["message"].split()) >= 4, path
            assert "\n" not in rule["message"], path


@pytest.mark.parametrize("kind", WITH_STATUS)
def test_status_is_a_subresource_with_typed_conditions(kind: str) -> None:
    """Who may write a spec may not write its status, and conditions merge by type."""
    assert version(kind)["subresources"] == {"status": {}}
    conditions = content(kind)["properties"]["status"]["properties"]["conditions"]
    assert (conditions["x-kubernetes-list-type"], conditions["x-kubernetes-list-map-keys"]) == ("map", ["type"])
    assert {"type", "status", "reason", "lastTransitionTime"} == set(conditions["items"]["required"])
    assert conditions["items"]["properties"]["status"]["enum"] == ["True", "False", "Unknown"]


@pytest.mark.parametrize("kind", WITH_STATUS)
def test_new_object_is_not_taken_for_ready(kind: str) -> None:
    """Kstatus compares observedGeneration with the generation, which begins at 1."""
    assert content(kind)["properties"]["status"]["default"] == {"observedGeneration": -1}


@pytest.mark.parametrize("kind", [kind.kind for kind in ALL if kind.immutable])
def test_record_has_no_status_and_never_changes(kind: str) -> None:
    """A verdict that can be edited proves nothing."""
    assert "subresources" not in version(kind)
    assert "self == oldSelf" in [rule["rule"] for rule in content(kind)["properties"]["spec"][RULES]]


@pytest.mark.parametrize("kind", KINDS)
def test_definition_is_smaller_than_64_kilobytes(kind: str) -> None:
    """Client-side apply stores the object in an annotation, and etcd is no file store."""
    assert len(to_yaml(definition(kind)).encode()) < SIZE_LIMIT


@pytest.mark.parametrize("kind", [kind.kind for kind in ALL if not kind.internal])
def test_kind_is_in_the_category_and_says_its_age(kind: str) -> None:
    """`kubectl get agentops` lists it, and the last column is its age, as everywhere in Kubernetes."""
    assert definition(kind)["spec"]["names"]["categories"] == ["agentops"]
    assert version(kind)["additionalPrinterColumns"][-1]["name"] == "Age"


@pytest.mark.parametrize("kind", KINDS)
def test_printer_columns_read_fields_that_exist(kind: str) -> None:
    """A column of a field that was renamed would stay empty without an error."""
    known = {path for path, _ in fields(kind)}
    for column in version(kind).get("additionalPrinterColumns", ()):
        path = re.sub(r"\[\?.*?\]", "[]", column["jsonPath"]).removeprefix(".")
        assert path in known or path.startswith("metadata."), column


def test_names_of_kinds_never_collide() -> None:
    """Two kinds with one short name would make kubectl pick one of them."""
    names = [name for kind in ALL for name in (kind.plural, kind.singular, *kind.short_names)]
    assert sorted(set(names)) == sorted(names)


def test_yaml_reads_back_as_it_was() -> None:
    """Words such as None, On or 0 3 * * * keep their type in YAML."""
    assert all(definition(kind) == yaml.safe_load(to_yaml(definition(kind))) for kind in KINDS)
